SELECT convert_to(
(SELECT ('{"totalCount":' || (
  (SELECT count(*) AS count_1
    FROM
    (SELECT opportunity.account_id AS account_id, opportunity.status AS status_, opportunity.commission AS commission_raw, opportunity.probability AS probability, opportunity.custom AS custom
      FROM opportunity
      WHERE opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($1::UUID[]) OR opportunity.type_id = ANY ($2::UUID[]) OR (EXISTS
      (SELECT 1 AS anon_1
        FROM opportunity_share
        WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)))) AS opportunity_2
    WHERE (EXISTS
    (SELECT 1 AS anon_2
      FROM
      (SELECT account.name AS name, account.id AS id
        FROM account
        WHERE account.deleted_at IS NULL) AS account_4
      WHERE account_4.id = opportunity_2.account_id AND platform.fold(account_4.name) COLLATE "C" LIKE ('%' || platform.pattern($4::VARCHAR) || '%'))) AND (opportunity_2.status_ = ANY ($5::TEXT[]) AND opportunity_2.commission_raw > $6::NUMERIC) IS NOT true AND (opportunity_2.probability >= $7::INTEGER OR jsonb_typeof(opportunity_2.custom -> '01942005-3600-76ba-91f9-4128f7dcc769') = 'boolean' AND (opportunity_2.custom -> '01942005-3600-76ba-91f9-4128f7dcc769') = to_jsonb($8::BOOLEAN))))::text || ',"nodes":[' || coalesce(string_agg(('{"name":' || (to_json(opportunity_1_page.name))::text || ',"account":' || CASE WHEN (account_2.id IS NOT NULL) THEN ('{"name":' || coalesce((to_json(account_2.name))::text, 'null') || '}') ELSE 'null' END || ',"expectedCloseOn":' || coalesce(('"' || (opportunity_1_page.expected_close_on)::text || '"'), 'null') || '}'), ',' ORDER BY opportunity_1_page.key_1 ASC NULLS FIRST, opportunity_1_page.key_2 DESC NULLS LAST, opportunity_1_page.key_3 DESC), '') || ']}') AS json
  FROM
  (SELECT account_1_key.key AS key_1, opportunity_1.expected_close_on AS key_2, opportunity_1.id AS key_3, opportunity_1.name AS name, opportunity_1.account_id AS account_id, opportunity_1.expected_close_on AS expected_close_on
    FROM
    (SELECT opportunity.account_id AS account_id, opportunity.expected_close_on AS expected_close_on, opportunity.id AS id, opportunity.name AS name, opportunity.status AS status_, opportunity.commission AS commission_raw, opportunity.probability AS probability, opportunity.custom AS custom
      FROM opportunity
      WHERE opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($1::UUID[]) OR opportunity.type_id = ANY ($2::UUID[]) OR (EXISTS
      (SELECT 1 AS anon_3
        FROM opportunity_share
        WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)))) AS opportunity_1 LEFT OUTER JOIN LATERAL
    (SELECT platform.fold(account_1.name) COLLATE "C" AS key
      FROM
      (SELECT account.name AS name, account.id AS id
        FROM account
        WHERE account.deleted_at IS NULL) AS account_1
      WHERE account_1.id = opportunity_1.account_id) AS account_1_key ON true
    WHERE (EXISTS
    (SELECT 1 AS anon_4
      FROM
      (SELECT account.name AS name, account.id AS id
        FROM account
        WHERE account.deleted_at IS NULL) AS account_3
      WHERE account_3.id = opportunity_1.account_id AND platform.fold(account_3.name) COLLATE "C" LIKE ('%' || platform.pattern($4::VARCHAR) || '%'))) AND (opportunity_1.status_ = ANY ($5::TEXT[]) AND opportunity_1.commission_raw > $6::NUMERIC) IS NOT true AND (opportunity_1.probability >= $7::INTEGER OR jsonb_typeof(opportunity_1.custom -> '01942005-3600-76ba-91f9-4128f7dcc769') = 'boolean' AND (opportunity_1.custom -> '01942005-3600-76ba-91f9-4128f7dcc769') = to_jsonb($8::BOOLEAN)) ORDER BY account_1_key.key ASC NULLS FIRST, opportunity_1.expected_close_on DESC NULLS LAST, opportunity_1.id DESC
    LIMIT 3) AS opportunity_1_page LEFT OUTER JOIN
  (SELECT account.id AS id, account.name AS name
    FROM account
    WHERE account.deleted_at IS NULL) AS account_2 ON account_2.id = opportunity_1_page.account_id), 'UTF8') AS r0
-- $1: owners:Opportunity
-- $2: shared:share_rule.type_id:share_rule.role_id
-- $3: viewer:employee
-- $4: p1
-- $5: statuses:Opportunity.commission
-- $6: p2
-- $7: p3
-- $8: p4
