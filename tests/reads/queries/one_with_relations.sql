SELECT convert_to(coalesce(
(SELECT ('{"id":"opp_' || replace((opportunity_1.id)::text, '-', '') || '","name":' || (to_json(opportunity_1.name))::text || ',"status":"' || (opportunity_1.status)::text || '","amount":' || coalesce(('{"amount":"' || (round(opportunity_1.amount, platform.minor(opportunity_1.amount_currency)))::text || '","currency":"' || (opportunity_1.amount_currency)::text || '"}'), 'null') || ',"account":' || coalesce(account_1_json.json, 'null') || ',"owner":' || coalesce(employee_1_json.json, 'null') || ',"stage":' || coalesce(stage_1_json.json, 'null') || '}') AS json
  FROM
  (SELECT opportunity.id AS id, opportunity.name AS name, opportunity.status AS status, opportunity.amount AS amount, opportunity.currency AS amount_currency, opportunity.account_id AS account_id, opportunity.owner_id AS owner_id, opportunity.stage_id AS stage_id
    FROM opportunity
    WHERE opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($1::UUID[]) OR opportunity.type_id = ANY ($2::UUID[]) OR (EXISTS
    (SELECT 1 AS anon_1
      FROM opportunity_share
      WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $3::UUID)))) AS opportunity_1 LEFT OUTER JOIN LATERAL
  (SELECT ('{"name":' || coalesce((to_json(account_1.name))::text, 'null') || ',"industry":' || coalesce((to_json(account_1.industry))::text, 'null') || '}') AS json
    FROM
    (SELECT account.name AS name, account.industry AS industry, account.id AS id
      FROM account
      WHERE account.deleted_at IS NULL) AS account_1
    WHERE account_1.id = opportunity_1.account_id) AS account_1_json ON true LEFT OUTER JOIN LATERAL
  (SELECT ('{"name":' || (to_json(employee_1.name))::text || ',"title":' || coalesce((to_json(employee_1.title))::text, 'null') || '}') AS json
    FROM
    (SELECT employee.name AS name, employee.title AS title, employee.id AS id
      FROM employee
      WHERE employee.deleted_at IS NULL) AS employee_1
    WHERE employee_1.id = opportunity_1.owner_id) AS employee_1_json ON true LEFT OUTER JOIN LATERAL
  (SELECT ('{"name":' || (to_json(stage_1.name))::text || '}') AS json
    FROM
    (SELECT stage.name AS name, stage.id AS id
      FROM stage
      WHERE stage.deleted_at IS NULL) AS stage_1
    WHERE stage_1.id = opportunity_1.stage_id) AS stage_1_json ON true
  WHERE opportunity_1.id = $4::UUID), 'null'), 'UTF8') AS r0
-- $1: owners:Opportunity
-- $2: opened:share_rule.type_id
-- $3: viewer:employee
-- $4: p1
