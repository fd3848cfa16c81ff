SELECT convert_to(
(SELECT ('{"nodes":[' || coalesce(string_agg(('{"name":' || coalesce((to_json(account_1_page.name))::text, 'null') || ',"opportunities":' || opportunity_list_2.json || ',"subAccounts":' || account_list_3.json || '}'), ',' ORDER BY account_1_page.key_1 ASC NULLS LAST, account_1_page.key_2 ASC), '') || ']}') AS json
  FROM
  (SELECT platform.fold(account_1.name) COLLATE "C" AS key_1, account_1.id AS key_2, account_1.name AS name, account_1.id AS id
    FROM
    (SELECT account.name AS name, account.id AS id
      FROM account
      WHERE account.deleted_at IS NULL) AS account_1
    WHERE EXISTS
    (SELECT 1 AS anon_1
      FROM
      (SELECT opportunity.status AS status, opportunity.account_id AS account_id
        FROM opportunity
        WHERE opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($1::UUID[]) OR opportunity.type_id = ANY ($2::UUID[]) OR (EXISTS
        (SELECT 1 AS anon_2
          FROM opportunity_share
          WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)))) AS opportunity_3
      WHERE opportunity_3.account_id = account_1.id AND opportunity_3.status = $4::VARCHAR) ORDER BY platform.fold(account_1.name) COLLATE "C" ASC NULLS LAST, account_1.id ASC
    LIMIT 2) AS account_1_page LEFT OUTER JOIN LATERAL
  (SELECT ('{"totalCount":' || (
    (SELECT count(*) AS count_1
      FROM
      (SELECT opportunity.account_id AS account_id, opportunity.status AS status
        FROM opportunity
        WHERE opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($1::UUID[]) OR opportunity.type_id = ANY ($2::UUID[]) OR (EXISTS
        (SELECT 1 AS anon_3
          FROM opportunity_share
          WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)))) AS opportunity_2
      WHERE opportunity_2.account_id = account_1_page.id AND opportunity_2.status = $4::VARCHAR))::text || ',"nodes":[' || coalesce(string_agg(('{"name":' || (to_json(opportunity_1_page.name))::text || ',"expectedCloseOn":' || coalesce(('"' || (opportunity_1_page.expected_close_on)::text || '"'), 'null') || ',"stage":' || CASE WHEN (stage_1.id IS NOT NULL) THEN ('{"name":' || (to_json(stage_1.name))::text || '}') ELSE 'null' END || '}'), ',' ORDER BY opportunity_1_page.key_1 ASC NULLS LAST, opportunity_1_page.key_2 ASC), '') || ']}') AS json
    FROM
    (SELECT opportunity_1.expected_close_on AS key_1, opportunity_1.id AS key_2, opportunity_1.name AS name, opportunity_1.expected_close_on AS expected_close_on, opportunity_1.stage_id AS stage_id
      FROM
      (SELECT opportunity.expected_close_on AS expected_close_on, opportunity.id AS id, opportunity.name AS name, opportunity.stage_id AS stage_id, opportunity.account_id AS account_id, opportunity.status AS status
        FROM opportunity
        WHERE opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($1::UUID[]) OR opportunity.type_id = ANY ($2::UUID[]) OR (EXISTS
        (SELECT 1 AS anon_4
          FROM opportunity_share
          WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)))) AS opportunity_1
      WHERE opportunity_1.account_id = account_1_page.id AND opportunity_1.status = $4::VARCHAR ORDER BY opportunity_1.expected_close_on ASC NULLS LAST, opportunity_1.id ASC
      LIMIT 2) AS opportunity_1_page LEFT OUTER JOIN
    (SELECT stage.id AS id, stage.name AS name
      FROM stage
      WHERE stage.deleted_at IS NULL) AS stage_1 ON stage_1.id = opportunity_1_page.stage_id) AS opportunity_list_2 ON true LEFT OUTER JOIN LATERAL
  (SELECT ('{"nodes":[' || coalesce(string_agg(('{"name":' || coalesce((to_json(account_2_page.name))::text, 'null') || '}'), ',' ORDER BY account_2_page.key_1 ASC), '') || ']}') AS json
    FROM
    (SELECT account_2.id AS key_1, account_2.name AS name
      FROM
      (SELECT account.id AS id, account.name AS name, account.parent_id AS parent_id
        FROM account
        WHERE account.deleted_at IS NULL) AS account_2
      WHERE account_2.parent_id = account_1_page.id ORDER BY account_2.id ASC
      LIMIT 2) AS account_2_page) AS account_list_3 ON true), 'UTF8') AS r0
-- $1: owners:Opportunity
-- $2: shared:share_rule.type_id:share_rule.role_id
-- $3: viewer:employee
-- $4: p1
