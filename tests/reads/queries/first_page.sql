SELECT convert_to(
(SELECT ('{"edges":[' || coalesce(string_agg(('{"cursor":"' || cut.cursor || '","node":' || cut.node_0_1 || '}'), ',' ORDER BY cut.place) FILTER (WHERE cut.place <= 3), '') || '],"pageInfo":{"hasNextPage":' || (count(*) > 3)::text || ',"endCursor":' || coalesce(('"' || (array_agg(cut.cursor ORDER BY cut.place DESC) FILTER (WHERE cut.place <= 3))[1] || '"'), 'null') || '},"totalCount":' || (
  (SELECT count(*) AS count_1
    FROM
    (SELECT opportunity.id AS id
      FROM opportunity
      WHERE opportunity.deleted_at IS NULL AND opportunity.id IN
      (SELECT opportunity.id
        FROM opportunity
        WHERE opportunity.owner_id = ANY ($1::UUID[]) UNION ALL SELECT opportunity.id
        FROM opportunity
        WHERE opportunity.type_id = ANY ($2::UUID[]) UNION ALL SELECT opportunity_share.opportunity_id
        FROM opportunity_share
        WHERE opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)) AS opportunity_2
    WHERE true))::text || '}') AS json
  FROM
  (SELECT row_number() OVER (ORDER BY opportunity_1_page.key_1 DESC NULLS LAST, opportunity_1_page.key_2 DESC) AS place, ('{"name":' || (to_json(opportunity_1_page.name))::text || ',"amount":' || coalesce(('{"amount":"' || (round(opportunity_1_page.amount, platform.minor(opportunity_1_page.amount_currency)))::text || '","currency":"' || (opportunity_1_page.amount_currency)::text || '"}'), 'null') || ',"commission":' || coalesce(('{"amount":"' || (round(opportunity_1_page.commission, platform.minor(opportunity_1_page.commission_currency)))::text || '","currency":"' || (opportunity_1_page.commission_currency)::text || '"}'), 'null') || ',"account":' || CASE WHEN (account_1.id IS NOT NULL) THEN ('{"name":' || coalesce((to_json(account_1.name))::text, 'null') || '}') ELSE 'null' END || '}') AS node_0_1, (E'\x011\x02[' || coalesce((to_json((opportunity_1_page.key_1)::text))::text, 'null') || ',' || coalesce((to_json((opportunity_1_page.key_2)::text))::text, 'null') || E']\x03') AS cursor
    FROM
    (SELECT opportunity_1.amount AS key_1, opportunity_1.id AS key_2, opportunity_1.name AS name, opportunity_1.amount AS amount, opportunity_1.amount_currency AS amount_currency, opportunity_1.commission AS commission, opportunity_1.commission_currency AS commission_currency, opportunity_1.account_id AS account_id
      FROM
      (SELECT opportunity.amount AS amount, opportunity.id AS id, opportunity.name AS name, opportunity.currency AS amount_currency, CASE WHEN (opportunity.status = ANY ($4::TEXT[])) THEN opportunity.commission END AS commission, CASE WHEN (opportunity.status = ANY ($4::TEXT[])) THEN opportunity.currency END AS commission_currency, opportunity.account_id AS account_id
        FROM opportunity
        WHERE opportunity.deleted_at IS NULL AND opportunity.id IN
        (SELECT opportunity.id
          FROM opportunity
          WHERE opportunity.owner_id = ANY ($1::UUID[]) UNION ALL SELECT opportunity.id
          FROM opportunity
          WHERE opportunity.type_id = ANY ($2::UUID[]) UNION ALL SELECT opportunity_share.opportunity_id
          FROM opportunity_share
          WHERE opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)) AS opportunity_1
      WHERE true ORDER BY opportunity_1.amount DESC NULLS LAST, opportunity_1.id DESC
      LIMIT 4) AS opportunity_1_page LEFT OUTER JOIN
    (SELECT account.id AS id, account.name AS name
      FROM account
      WHERE account.deleted_at IS NULL) AS account_1 ON account_1.id = opportunity_1_page.account_id) AS cut), 'UTF8') AS r0
-- $1: owners:Opportunity
-- $2: shared:share_rule.type_id:share_rule.role_id
-- $3: viewer:employee
-- $4: statuses:Opportunity.commission
-- denied: Opportunity.commission (status)
