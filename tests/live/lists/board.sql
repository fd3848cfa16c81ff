-- all records
SELECT opportunity_1_page.id AS id, convert_to(('{"name":' || (to_json(opportunity_1_page.name))::text || ',"status":"' || (opportunity_1_page.status)::text || '","amount":' || coalesce(('{"amount":"' || (round(opportunity_1_page.amount, platform.minor(opportunity_1_page.amount_currency)))::text || '","currency":"' || (opportunity_1_page.amount_currency)::text || '"}'), 'null') || ',"account":' || CASE WHEN (account_1.id IS NOT NULL) THEN ('{"name":' || coalesce((to_json(account_1.name))::text, 'null') || '}') ELSE 'null' END || ',"owner":' || CASE WHEN (employee_1.id IS NOT NULL) THEN ('{"name":' || (to_json(employee_1.name))::text || '}') ELSE 'null' END || ',"margin":' || coalesce(('{"amount":"' || (round(opportunity_1_page.margin, platform.minor(opportunity_1_page.margin_currency)))::text || '"}'), 'null') || '}'), 'UTF8') AS r0
FROM
(SELECT opportunity_1.id AS id, opportunity_1.name AS name, opportunity_1.status AS status, opportunity_1.amount AS amount, opportunity_1.amount_currency AS amount_currency, opportunity_1.account_id AS account_id, opportunity_1.owner_id AS owner_id, opportunity_1.margin AS margin, opportunity_1.margin_currency AS margin_currency
  FROM
  (SELECT opportunity.id AS id, opportunity.name AS name, opportunity.status AS status, opportunity.amount AS amount, opportunity.currency AS amount_currency, opportunity.account_id AS account_id, opportunity.owner_id AS owner_id, opportunity.margin AS margin, opportunity.currency AS margin_currency
    FROM opportunity
    WHERE opportunity.deleted_at IS NULL AND opportunity.id IN
    (SELECT opportunity.id
      FROM opportunity
      WHERE opportunity.owner_id = ANY ($1::UUID[]) UNION ALL SELECT opportunity.id
      FROM opportunity
      WHERE opportunity.type_id = ANY ($2::UUID[]) UNION ALL SELECT opportunity_share.opportunity_id
      FROM opportunity_share
      WHERE opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)) AS opportunity_1
  WHERE platform.fold(opportunity_1.name) COLLATE "C" LIKE ('%' || platform.pattern($4::VARCHAR) || '%') AND (opportunity_1.status = $5::VARCHAR) IS NOT true ORDER BY opportunity_1.id ASC
  LIMIT 51) AS opportunity_1_page LEFT OUTER JOIN
(SELECT account.id AS id, account.name AS name
  FROM account
  WHERE account.deleted_at IS NULL) AS account_1 ON account_1.id = opportunity_1_page.account_id LEFT OUTER JOIN
(SELECT employee.id AS id, employee.name AS name
  FROM employee
  WHERE employee.deleted_at IS NULL) AS employee_1 ON employee_1.id = opportunity_1_page.owner_id ORDER BY opportunity_1_page.id ASC
-- $1: owners:Opportunity
-- $2: shared:share_rule.type_id:share_rule.role_id
-- $3: viewer:employee
-- $4: p1
-- $5: p2
-- those that changed
SELECT opportunity_1_page.id AS id, convert_to(('{"name":' || (to_json(opportunity_1_page.name))::text || ',"status":"' || (opportunity_1_page.status)::text || '","amount":' || coalesce(('{"amount":"' || (round(opportunity_1_page.amount, platform.minor(opportunity_1_page.amount_currency)))::text || '","currency":"' || (opportunity_1_page.amount_currency)::text || '"}'), 'null') || ',"account":' || CASE WHEN (account_1.id IS NOT NULL) THEN ('{"name":' || coalesce((to_json(account_1.name))::text, 'null') || '}') ELSE 'null' END || ',"owner":' || CASE WHEN (employee_1.id IS NOT NULL) THEN ('{"name":' || (to_json(employee_1.name))::text || '}') ELSE 'null' END || ',"margin":' || coalesce(('{"amount":"' || (round(opportunity_1_page.margin, platform.minor(opportunity_1_page.margin_currency)))::text || '"}'), 'null') || '}'), 'UTF8') AS r0
FROM
(SELECT opportunity_1.id AS id, opportunity_1.name AS name, opportunity_1.status AS status, opportunity_1.amount AS amount, opportunity_1.amount_currency AS amount_currency, opportunity_1.account_id AS account_id, opportunity_1.owner_id AS owner_id, opportunity_1.margin AS margin, opportunity_1.margin_currency AS margin_currency
  FROM
  (SELECT opportunity.id AS id, opportunity.name AS name, opportunity.status AS status, opportunity.amount AS amount, opportunity.currency AS amount_currency, opportunity.account_id AS account_id, opportunity.owner_id AS owner_id, opportunity.margin AS margin, opportunity.currency AS margin_currency
    FROM opportunity
    WHERE opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($1::UUID[]) OR opportunity.type_id = ANY ($2::UUID[]) OR (EXISTS
    (SELECT 1 AS anon_1
      FROM opportunity_share
      WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)))) AS opportunity_1
  WHERE platform.fold(opportunity_1.name) COLLATE "C" LIKE ('%' || platform.pattern($4::VARCHAR) || '%') AND (opportunity_1.status = $5::VARCHAR) IS NOT true AND opportunity_1.id = ANY ($6::UUID[])) AS opportunity_1_page LEFT OUTER JOIN
(SELECT account.id AS id, account.name AS name
  FROM account
  WHERE account.deleted_at IS NULL) AS account_1 ON account_1.id = opportunity_1_page.account_id LEFT OUTER JOIN
(SELECT employee.id AS id, employee.name AS name
  FROM employee
  WHERE employee.deleted_at IS NULL) AS employee_1 ON employee_1.id = opportunity_1_page.owner_id
-- $1: owners:Opportunity
-- $2: shared:share_rule.type_id:share_rule.role_id
-- $3: viewer:employee
-- $4: p1
-- $5: p2
-- $6: @ids
-- looks at: Account, Employee, OpportunityShare
