SELECT convert_to(
(SELECT ('{"nodes":[' || coalesce(string_agg(('{"name":' || (to_json(opportunity_1_page.name))::text || ',"closeQuarter":[' || coalesce(('"' || (opportunity_1_page."expected_close_on_for_closeQuarter")::text || '"'), 'null') || '],"owner":' || CASE WHEN (employee_1.id IS NOT NULL) THEN ('{"initials":[' || coalesce((to_json(employee_1.name_for_initials))::text, 'null') || ']}') ELSE 'null' END || ',"account":' || CASE WHEN (account_1.id IS NOT NULL) THEN ('{"websiteDomain":[' || coalesce((to_json(account_1."website_for_websiteDomain"))::text, 'null') || ']}') ELSE 'null' END || '}'), ',' ORDER BY opportunity_1_page.key_1 ASC), '') || ']}') AS json
  FROM
  (SELECT opportunity_1.id AS key_1, opportunity_1.name AS name, opportunity_1."expected_close_on_for_closeQuarter" AS "expected_close_on_for_closeQuarter", opportunity_1.owner_id AS owner_id, opportunity_1.account_id AS account_id
    FROM
    (SELECT opportunity.id AS id, opportunity.name AS name, opportunity.expected_close_on AS "expected_close_on_for_closeQuarter", opportunity.owner_id AS owner_id, opportunity.account_id AS account_id
      FROM opportunity
      WHERE opportunity.deleted_at IS NULL AND opportunity.id IN
      (SELECT opportunity.id
        FROM opportunity
        WHERE opportunity.owner_id = ANY ($1::UUID[]) UNION ALL SELECT opportunity.id
        FROM opportunity
        WHERE opportunity.type_id = ANY ($2::UUID[]) UNION ALL SELECT opportunity_share.opportunity_id
        FROM opportunity_share
        WHERE opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)) AS opportunity_1
    WHERE true ORDER BY opportunity_1.id ASC
    LIMIT 2) AS opportunity_1_page LEFT OUTER JOIN
  (SELECT employee.id AS id, employee.name AS name_for_initials
    FROM employee
    WHERE employee.deleted_at IS NULL) AS employee_1 ON employee_1.id = opportunity_1_page.owner_id LEFT OUTER JOIN
  (SELECT account.id AS id, account.website AS "website_for_websiteDomain"
    FROM account
    WHERE account.deleted_at IS NULL) AS account_1 ON account_1.id = opportunity_1_page.account_id), 'UTF8') AS r0, convert_to(
(SELECT ('{"nodes":[' || coalesce(string_agg(('{"name":' || (to_json(stage_1_page.name))::text || '}'), ',' ORDER BY stage_1_page.key_1 ASC), '') || ']}') AS json
  FROM
  (SELECT stage_1.id AS key_1, stage_1.name AS name
    FROM
    (SELECT stage.id AS id, stage.name AS name
      FROM stage
      WHERE stage.deleted_at IS NULL) AS stage_1
    WHERE true ORDER BY stage_1.id ASC
    LIMIT 1) AS stage_1_page), 'UTF8') AS r1
-- $1: owners:Opportunity
-- $2: shared:share_rule.type_id:share_rule.role_id
-- $3: viewer:employee
