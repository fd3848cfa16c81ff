SELECT convert_to(
(SELECT ('{"pageInfo":{"hasPreviousPage":' || (count(*) > 2)::text || ',"hasNextPage":false,"startCursor":' || coalesce(('"' || (array_agg(cut.cursor ORDER BY cut.place DESC) FILTER (WHERE cut.place <= 2))[1] || '"'), 'null') || ',"endCursor":' || coalesce(('"' || min(CASE WHEN (cut.place = 1) THEN cut.cursor END) || '"'), 'null') || '},"nodes":[' || coalesce(string_agg(cut.node_1, ',' ORDER BY cut.place DESC) FILTER (WHERE cut.place <= 2), '') || ']}') AS json
  FROM
  (SELECT row_number() OVER (ORDER BY opportunity_1_page.key_1 ASC NULLS FIRST, opportunity_1_page.key_2 ASC) AS place, ('{"name":' || (to_json(opportunity_1_page.name))::text || ',"amount":' || coalesce(('{"amount":"' || (round(opportunity_1_page.amount, platform.minor(opportunity_1_page.amount_currency)))::text || '","currency":"' || (opportunity_1_page.amount_currency)::text || '"}'), 'null') || '}') AS node_1, (E'\x011\x02[' || coalesce((to_json((opportunity_1_page.key_1)::text))::text, 'null') || ',' || coalesce((to_json((opportunity_1_page.key_2)::text))::text, 'null') || E']\x03') AS cursor
    FROM
    (SELECT opportunity_1.amount AS key_1, opportunity_1.id AS key_2, opportunity_1.name AS name, opportunity_1.amount AS amount, opportunity_1.amount_currency AS amount_currency
      FROM
      (SELECT opportunity.amount AS amount, opportunity.id AS id, opportunity.name AS name, opportunity.currency AS amount_currency
        FROM opportunity
        WHERE opportunity.deleted_at IS NULL AND opportunity.id IN
        (SELECT opportunity.id
          FROM opportunity
          WHERE opportunity.owner_id = ANY ($1::UUID[]) UNION ALL SELECT opportunity.id
          FROM opportunity
          WHERE opportunity.type_id = ANY ($2::UUID[]) UNION ALL SELECT opportunity_share.opportunity_id
          FROM opportunity_share
          WHERE opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)) AS opportunity_1
      WHERE true ORDER BY opportunity_1.amount ASC NULLS FIRST, opportunity_1.id ASC
      LIMIT 3) AS opportunity_1_page) AS cut), 'UTF8') AS r0, convert_to(
(SELECT ('{"nodes":[' || coalesce(string_agg(('{"name":' || coalesce((to_json(account_1_page.name))::text, 'null') || ',"opportunities":' || opportunity_list_3.json || '}'), ',' ORDER BY account_1_page.key_1 ASC), '') || ']}') AS json
  FROM
  (SELECT account_1.id AS key_1, account_1.name AS name, account_1.id AS id
    FROM
    (SELECT account.id AS id, account.name AS name
      FROM account
      WHERE account.deleted_at IS NULL) AS account_1
    WHERE true ORDER BY account_1.id ASC
    LIMIT 2) AS account_1_page LEFT OUTER JOIN LATERAL
  (SELECT ('{"totalCount":' || (
    (SELECT count(*) AS count_1
      FROM
      (SELECT opportunity_3.id
        FROM
        (SELECT opportunity.account_id AS account_id, opportunity.id AS id
          FROM opportunity
          WHERE opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($1::UUID[]) OR opportunity.type_id = ANY ($2::UUID[]) OR (EXISTS
          (SELECT 1 AS anon_1
            FROM opportunity_share
            WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)))) AS opportunity_3
        WHERE opportunity_3.account_id = account_1_page.id
        LIMIT $4::INTEGER) AS few))::text || ',"nodes":[' || coalesce(string_agg(('{"name":' || (to_json(opportunity_2_page.name))::text || '}'), ',' ORDER BY opportunity_2_page.key_1 ASC), '') || ']}') AS json
    FROM
    (SELECT opportunity_2.id AS key_1, opportunity_2.name AS name
      FROM
      (SELECT opportunity.id AS id, opportunity.name AS name, opportunity.account_id AS account_id
        FROM opportunity
        WHERE opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($1::UUID[]) OR opportunity.type_id = ANY ($2::UUID[]) OR (EXISTS
        (SELECT 1 AS anon_2
          FROM opportunity_share
          WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)))) AS opportunity_2
      WHERE opportunity_2.account_id = account_1_page.id ORDER BY opportunity_2.id DESC
      LIMIT 2) AS opportunity_2_page) AS opportunity_list_3 ON true), 'UTF8') AS r1
-- $1: owners:Opportunity
-- $2: shared:share_rule.type_id:share_rule.role_id
-- $3: viewer:employee
-- $4: p1
