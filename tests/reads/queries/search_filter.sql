SELECT convert_to(
(SELECT ('{"totalCount":' || (
  (SELECT count(*) AS count_1
    FROM
    (SELECT account.name AS name, account.last_name AS last_name, account.number AS number, account.email AS email, account.phone AS phone, account.website AS website, account.registration_number AS registration_number, account.external_id AS external_id
      FROM account
      WHERE account.deleted_at IS NULL) AS account_2
    WHERE (platform.fold(account_2.name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_2.last_name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_2.number) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_2.email) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.digits(account_2.phone) LIKE ('%' || platform.pattern($2::VARCHAR) || '%') OR platform.fold(account_2.website) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_2.registration_number) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_2.external_id) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%')) AND NOT (EXISTS
    (SELECT 1 AS anon_1
      FROM unnest($3::TEXT[], $4::TEXT[]) AS others(word, digits)
      WHERE (platform.fold(account_2.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_2.last_name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_2.number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_2.email) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.digits(account_2.phone) LIKE ('%' || platform.pattern(others.digits) || '%') OR platform.fold(account_2.website) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_2.registration_number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_2.external_id) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')) IS NOT true))))::text || ',"nodes":[' || coalesce(string_agg(('{"name":' || coalesce((to_json(account_1_page.name))::text, 'null') || ',"number":' || (to_json(account_1_page.number))::text || '}'), ',' ORDER BY account_1_page.key_1 ASC), '') || ']}') AS json
  FROM
  (SELECT account_1.id AS key_1, account_1.name AS name, account_1.number AS number
    FROM
    (SELECT account.id AS id, account.name AS name, account.number AS number, account.last_name AS last_name, account.email AS email, account.phone AS phone, account.website AS website, account.registration_number AS registration_number, account.external_id AS external_id
      FROM account
      WHERE account.deleted_at IS NULL) AS account_1
    WHERE (platform.fold(account_1.name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_1.last_name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_1.number) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_1.email) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.digits(account_1.phone) LIKE ('%' || platform.pattern($2::VARCHAR) || '%') OR platform.fold(account_1.website) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_1.registration_number) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_1.external_id) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%')) AND NOT (EXISTS
    (SELECT 1 AS anon_2
      FROM unnest($3::TEXT[], $4::TEXT[]) AS others(word, digits)
      WHERE (platform.fold(account_1.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_1.last_name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_1.number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_1.email) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.digits(account_1.phone) LIKE ('%' || platform.pattern(others.digits) || '%') OR platform.fold(account_1.website) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_1.registration_number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_1.external_id) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')) IS NOT true)) ORDER BY account_1.id ASC
    LIMIT 3) AS account_1_page), 'UTF8') AS r0, convert_to(
(SELECT ('{"nodes":[' || coalesce(string_agg(('{"phone":' || coalesce((to_json(account_3_page.phone))::text, 'null') || '}'), ',' ORDER BY account_3_page.key_1 ASC), '') || ']}') AS json
  FROM
  (SELECT account_3.id AS key_1, account_3.phone AS phone
    FROM
    (SELECT account.id AS id, account.phone AS phone, account.name AS name, account.last_name AS last_name, account.number AS number, account.email AS email, account.website AS website, account.registration_number AS registration_number, account.external_id AS external_id
      FROM account
      WHERE account.deleted_at IS NULL) AS account_3
    WHERE (platform.fold(account_3.name) COLLATE "C" LIKE ('%' || platform.pattern($5::VARCHAR) || '%') OR platform.fold(account_3.last_name) COLLATE "C" LIKE ('%' || platform.pattern($5::VARCHAR) || '%') OR platform.fold(account_3.number) COLLATE "C" LIKE ('%' || platform.pattern($5::VARCHAR) || '%') OR platform.fold(account_3.email) COLLATE "C" LIKE ('%' || platform.pattern($5::VARCHAR) || '%') OR platform.digits(account_3.phone) LIKE ('%' || platform.pattern($6::VARCHAR) || '%') OR platform.fold(account_3.website) COLLATE "C" LIKE ('%' || platform.pattern($5::VARCHAR) || '%') OR platform.fold(account_3.registration_number) COLLATE "C" LIKE ('%' || platform.pattern($5::VARCHAR) || '%') OR platform.fold(account_3.external_id) COLLATE "C" LIKE ('%' || platform.pattern($5::VARCHAR) || '%')) AND NOT (EXISTS
    (SELECT 1 AS anon_3
      FROM unnest($7::TEXT[], $8::TEXT[]) AS others(word, digits)
      WHERE (platform.fold(account_3.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_3.last_name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_3.number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_3.email) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.digits(account_3.phone) LIKE ('%' || platform.pattern(others.digits) || '%') OR platform.fold(account_3.website) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_3.registration_number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_3.external_id) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')) IS NOT true)) ORDER BY account_3.id ASC
    LIMIT 3) AS account_3_page), 'UTF8') AS r1, convert_to(
(SELECT ('{"nodes":[' || coalesce(string_agg(('{"name":' || (to_json(opportunity_1_page.name))::text || ',"account":' || CASE WHEN (account_4.id IS NOT NULL) THEN ('{"name":' || coalesce((to_json(account_4.name))::text, 'null') || '}') ELSE 'null' END || '}'), ',' ORDER BY opportunity_1_page.key_1 ASC), '') || ']}') AS json
  FROM
  (SELECT opportunity_1.id AS key_1, opportunity_1.name AS name, opportunity_1.account_id AS account_id
    FROM
    (SELECT opportunity.id AS id, opportunity.name AS name, opportunity.account_id AS account_id, opportunity.external_id AS external_id
      FROM opportunity
      WHERE opportunity.deleted_at IS NULL AND opportunity.id IN
      (SELECT opportunity.id
        FROM opportunity
        WHERE opportunity.owner_id = ANY ($9::UUID[]) UNION ALL SELECT opportunity.id
        FROM opportunity
        WHERE opportunity.type_id = ANY ($10::UUID[]) UNION ALL SELECT opportunity_share.opportunity_id
        FROM opportunity_share
        WHERE opportunity_share.employee_id = $11::UUID AND opportunity_share.deleted_at IS NULL)) AS opportunity_1
    WHERE (EXISTS
    (SELECT 1 AS anon_4
      FROM
      (SELECT account.name AS name, account.last_name AS last_name, account.number AS number, account.email AS email, account.phone AS phone, account.website AS website, account.registration_number AS registration_number, account.external_id AS external_id, account.id AS id
        FROM account
        WHERE account.deleted_at IS NULL) AS account_5
      WHERE account_5.id = opportunity_1.account_id AND (platform.fold(account_5.name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_5.last_name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_5.number) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_5.email) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.digits(account_5.phone) LIKE ('%' || platform.pattern($2::VARCHAR) || '%') OR platform.fold(account_5.website) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_5.registration_number) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_5.external_id) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%')) AND NOT (EXISTS
      (SELECT 1 AS anon_5
        FROM unnest($3::TEXT[], $4::TEXT[]) AS others(word, digits)
        WHERE (platform.fold(account_5.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_5.last_name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_5.number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_5.email) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.digits(account_5.phone) LIKE ('%' || platform.pattern(others.digits) || '%') OR platform.fold(account_5.website) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_5.registration_number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_5.external_id) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')) IS NOT true)))) AND (platform.fold(opportunity_1.name) COLLATE "C" LIKE ('%' || platform.pattern($12::VARCHAR) || '%') OR platform.fold(opportunity_1.external_id) COLLATE "C" LIKE ('%' || platform.pattern($12::VARCHAR) || '%')) AND NOT (EXISTS
    (SELECT 1 AS anon_6
      FROM unnest($13::TEXT[], $14::TEXT[]) AS others(word, digits)
      WHERE (platform.fold(opportunity_1.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(opportunity_1.external_id) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')) IS NOT true)) ORDER BY opportunity_1.id ASC
    LIMIT 3) AS opportunity_1_page LEFT OUTER JOIN
  (SELECT account.id AS id, account.name AS name
    FROM account
    WHERE account.deleted_at IS NULL) AS account_4 ON account_4.id = opportunity_1_page.account_id), 'UTF8') AS r2
-- $1: p3
-- $2: p4
-- $3: p1
-- $4: p2
-- $5: p7
-- $6: p8
-- $7: p5
-- $8: p6
-- $9: owners:Opportunity
-- $10: shared:share_rule.type_id:share_rule.role_id
-- $11: viewer:employee
-- $12: p11
-- $13: p9
-- $14: p10
