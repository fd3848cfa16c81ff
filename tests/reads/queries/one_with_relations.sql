SELECT convert_to(coalesce(
(SELECT ('{"id":"opp_' || replace((opportunity_1.id)::text, '-', '') || '","name":' || (to_json(opportunity_1.name))::text || ',"status":"' || (opportunity_1.status)::text || '","amount":' || coalesce(('{"amount":"' || (round(opportunity_1.amount, platform.minor(opportunity_1.amount_currency)))::text || '","currency":"' || (opportunity_1.amount_currency)::text || '"}'), 'null') || ',"account":' || CASE WHEN (account_1.id IS NOT NULL) THEN ('{"name":' || coalesce((to_json(account_1.name))::text, 'null') || ',"country":' || coalesce((to_json(account_1.country))::text, 'null') || '}') ELSE 'null' END || ',"owner":' || CASE WHEN (employee_1.id IS NOT NULL) THEN ('{"name":' || (to_json(employee_1.name))::text || ',"title":' || coalesce((to_json(employee_1.title))::text, 'null') || '}') ELSE 'null' END || ',"stage":' || CASE WHEN (stage_1.id IS NOT NULL) THEN ('{"name":' || (to_json(stage_1.name))::text || '}') ELSE 'null' END || '}') AS json
  FROM
  (SELECT opportunity.id AS id, opportunity.name AS name, opportunity.status AS status, opportunity.amount AS amount, opportunity.currency AS amount_currency, opportunity.account_id AS account_id, opportunity.owner_id AS owner_id, opportunity.stage_id AS stage_id
    FROM opportunity
    WHERE opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($1::UUID[]) OR opportunity.type_id = ANY ($2::UUID[]) OR (EXISTS
    (SELECT 1 AS anon_1
      FROM opportunity_share
      WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)))) AS opportunity_1 LEFT OUTER JOIN
  (SELECT account.id AS id, account.name AS name, account.country AS country
    FROM account
    WHERE account.deleted_at IS NULL) AS account_1 ON account_1.id = opportunity_1.account_id LEFT OUTER JOIN
  (SELECT employee.id AS id, employee.name AS name, employee.title AS title
    FROM employee
    WHERE employee.deleted_at IS NULL) AS employee_1 ON employee_1.id = opportunity_1.owner_id LEFT OUTER JOIN
  (SELECT stage.id AS id, stage.name AS name
    FROM stage
    WHERE stage.deleted_at IS NULL) AS stage_1 ON stage_1.id = opportunity_1.stage_id
  WHERE opportunity_1.id = $4::UUID), 'null'), 'UTF8') AS r0
-- $1: owners:Opportunity
-- $2: shared:share_rule.type_id:share_rule.role_id
-- $3: viewer:employee
-- $4: p1
