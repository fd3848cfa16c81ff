SELECT convert_to(
(SELECT ('{"nodes":[' || coalesce(string_agg(('{"name":' || (to_json(stage_1_page.name))::text || ',"opportunities":' || opportunity_list_2.json || '}'), ',' ORDER BY stage_1_page.key_1 ASC, stage_1_page.key_2 ASC), '') || ']}') AS json
  FROM
  (SELECT stage_1.position AS key_1, stage_1.id AS key_2, stage_1.name AS name, stage_1.id AS id
    FROM
    (SELECT stage.position AS position, stage.id AS id, stage.name AS name, stage.kind AS kind
      FROM stage
      WHERE stage.deleted_at IS NULL) AS stage_1
    WHERE stage_1.kind = $1::VARCHAR ORDER BY stage_1.position ASC, stage_1.id ASC
    LIMIT 20) AS stage_1_page LEFT OUTER JOIN LATERAL
  (SELECT ('{"totalCount":' || (
    (SELECT count(*) AS count_1
      FROM
      (SELECT opportunity.stage_id AS stage_id
        FROM opportunity
        WHERE opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($2::UUID[]) OR opportunity.type_id = ANY ($3::UUID[]) OR (EXISTS
        (SELECT 1 AS anon_1
          FROM opportunity_share
          WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $4::UUID AND opportunity_share.deleted_at IS NULL)))) AS opportunity_2
      WHERE opportunity_2.stage_id = stage_1_page.id))::text || ',"aggregate":' ||
    (SELECT ('{"sum":{"amount":[' || coalesce(string_agg(('{"amount":"' || (measured.measure_1)::text || '","currency":"' || (measured.currency)::text || '"}'), ',' ORDER BY measured.currency) FILTER (WHERE measured.by_currency AND measured.measure_1 IS NOT NULL), '') || '],"weighted":[' || coalesce(string_agg(('{"amount":"' || (measured.measure_2)::text || '","currency":"' || (measured.currency)::text || '"}'), ',' ORDER BY measured.currency) FILTER (WHERE measured.by_currency AND measured.measure_2 IS NOT NULL), '') || ']}}') AS anon_2
      FROM
      (SELECT opportunity_3.currency AS currency, grouping(opportunity_3.currency) = 0 AS by_currency, grouping(opportunity_3.currency) = 1 AS whole, round(sum(opportunity_3.amount), platform.minor(opportunity_3.currency)) AS measure_1, round(sum(opportunity_3.weighted), platform.minor(opportunity_3.currency)) AS measure_2
        FROM
        (SELECT opportunity.stage_id AS stage_id, opportunity.currency AS currency, opportunity.amount AS amount, opportunity.amount * opportunity.probability * 0.01 AS weighted
          FROM opportunity
          WHERE opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($2::UUID[]) OR opportunity.type_id = ANY ($3::UUID[]) OR (EXISTS
          (SELECT 1 AS anon_3
            FROM opportunity_share
            WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $4::UUID AND opportunity_share.deleted_at IS NULL)))) AS opportunity_3
        WHERE opportunity_3.stage_id = stage_1_page.id GROUP BY GROUPING SETS((), (opportunity_3.currency))) AS measured) || ',"nodes":[' || coalesce(string_agg(('{"name":' || (to_json(opportunity_1_page.name))::text || ',"rank":' || coalesce((to_json(opportunity_1_page.rank_key))::text, 'null') || ',"amount":' || coalesce(('{"amount":"' || (round(opportunity_1_page.amount, platform.minor(opportunity_1_page.amount_currency)))::text || '","currency":"' || (opportunity_1_page.amount_currency)::text || '"}'), 'null') || ',"account":' || CASE WHEN (account_1.id IS NOT NULL) THEN ('{"name":' || coalesce((to_json(account_1.name))::text, 'null') || '}') ELSE 'null' END || '}'), ',' ORDER BY opportunity_1_page.key_1 ASC NULLS LAST, opportunity_1_page.key_2 ASC), '') || ']}') AS json
    FROM
    (SELECT platform.fold(opportunity_1.rank_key) COLLATE "C" AS key_1, opportunity_1.id AS key_2, opportunity_1.name AS name, opportunity_1.rank_key AS rank_key, opportunity_1.amount AS amount, opportunity_1.amount_currency AS amount_currency, opportunity_1.account_id AS account_id
      FROM
      (SELECT opportunity.rank_key AS rank_key, opportunity.id AS id, opportunity.name AS name, opportunity.amount AS amount, opportunity.currency AS amount_currency, opportunity.account_id AS account_id, opportunity.stage_id AS stage_id
        FROM opportunity
        WHERE opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($2::UUID[]) OR opportunity.type_id = ANY ($3::UUID[]) OR (EXISTS
        (SELECT 1 AS anon_4
          FROM opportunity_share
          WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $4::UUID AND opportunity_share.deleted_at IS NULL)))) AS opportunity_1
      WHERE opportunity_1.stage_id = stage_1_page.id ORDER BY platform.fold(opportunity_1.rank_key) COLLATE "C" ASC NULLS LAST, opportunity_1.id ASC
      LIMIT 2) AS opportunity_1_page LEFT OUTER JOIN
    (SELECT account.id AS id, account.name AS name
      FROM account
      WHERE account.deleted_at IS NULL) AS account_1 ON account_1.id = opportunity_1_page.account_id) AS opportunity_list_2 ON true), 'UTF8') AS r0
-- $1: p1
-- $2: owners:Opportunity
-- $3: shared:share_rule.type_id:share_rule.role_id
-- $4: viewer:employee
