WITH whole_1 AS
(
(SELECT newest_account_1.rank AS rank, newest_account_1.name AS name, newest_account_1.kind AS kind, newest_account_1.id AS id
  FROM
  (SELECT 0 AS rank, platform.fold(account_1.name) COLLATE "C" AS name, 0 AS kind, account_1.id AS id
    FROM
    (SELECT account.name AS name, account.last_name AS last_name, account.number AS number, account.email AS email, account.phone AS phone, account.website AS website, account.registration_number AS registration_number, account.external_id AS external_id, account.id AS id
      FROM account
      WHERE account.deleted_at IS NULL) AS account_1
    WHERE (platform.fold(account_1.name) COLLATE "C" LIKE platform.pattern($5::VARCHAR) OR platform.fold(account_1.last_name) COLLATE "C" LIKE platform.pattern($5::VARCHAR) OR platform.fold(account_1.number) COLLATE "C" LIKE platform.pattern($5::VARCHAR) OR platform.fold(account_1.email) COLLATE "C" LIKE platform.pattern($5::VARCHAR) OR platform.digits(account_1.phone) LIKE platform.pattern($6::VARCHAR) OR platform.fold(account_1.website) COLLATE "C" LIKE platform.pattern($5::VARCHAR) OR platform.fold(account_1.registration_number) COLLATE "C" LIKE platform.pattern($5::VARCHAR) OR platform.fold(account_1.external_id) COLLATE "C" LIKE platform.pattern($5::VARCHAR)) AND (platform.fold(account_1.name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_1.last_name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_1.number) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_1.email) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.digits(account_1.phone) LIKE ('%' || platform.pattern($4::VARCHAR) || '%') OR platform.fold(account_1.website) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_1.registration_number) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_1.external_id) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%')) AND NOT (EXISTS
    (SELECT 1 AS anon_17
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE (platform.fold(account_1.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_1.last_name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_1.number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_1.email) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.digits(account_1.phone) LIKE ('%' || platform.pattern(others.digits) || '%') OR platform.fold(account_1.website) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_1.registration_number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_1.external_id) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')) IS NOT true)) ORDER BY account_1.id DESC
    LIMIT 1000) AS newest_account_1 ORDER BY newest_account_1.rank, newest_account_1.name, newest_account_1.kind, newest_account_1.id
  LIMIT $7::INTEGER) UNION ALL
(SELECT newest_employee_1.rank AS rank, newest_employee_1.name AS name, newest_employee_1.kind AS kind, newest_employee_1.id AS id
  FROM
  (SELECT 0 AS rank, platform.fold(employee_1.name) COLLATE "C" AS name, 1 AS kind, employee_1.id AS id
    FROM
    (SELECT employee.name AS name, employee.email AS email, employee.id AS id
      FROM employee
      WHERE employee.deleted_at IS NULL) AS employee_1
    WHERE (platform.fold(employee_1.name) COLLATE "C" LIKE platform.pattern($5::VARCHAR) OR platform.fold(employee_1.email) COLLATE "C" LIKE platform.pattern($5::VARCHAR)) AND (platform.fold(employee_1.name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(employee_1.email) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%')) AND NOT (EXISTS
    (SELECT 1 AS anon_18
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE (platform.fold(employee_1.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(employee_1.email) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')) IS NOT true)) ORDER BY employee_1.id DESC
    LIMIT 1000) AS newest_employee_1 ORDER BY newest_employee_1.rank, newest_employee_1.name, newest_employee_1.kind, newest_employee_1.id
  LIMIT $7::INTEGER)),
begun_1 AS
(
(SELECT newest_account_2.rank AS rank, newest_account_2.name AS name, newest_account_2.kind AS kind, newest_account_2.id AS id
  FROM
  (SELECT 1 AS rank, platform.fold(account_2.name) COLLATE "C" AS name, 0 AS kind, account_2.id AS id
    FROM
    (SELECT account.name AS name, account.last_name AS last_name, account.number AS number, account.email AS email, account.phone AS phone, account.website AS website, account.registration_number AS registration_number, account.external_id AS external_id, account.id AS id
      FROM account
      WHERE account.deleted_at IS NULL) AS account_2
    WHERE (platform.fold(account_2.name) COLLATE "C" LIKE (platform.pattern($5::VARCHAR) || '%') OR platform.fold(account_2.last_name) COLLATE "C" LIKE (platform.pattern($5::VARCHAR) || '%') OR platform.fold(account_2.number) COLLATE "C" LIKE (platform.pattern($5::VARCHAR) || '%') OR platform.fold(account_2.email) COLLATE "C" LIKE (platform.pattern($5::VARCHAR) || '%') OR platform.digits(account_2.phone) LIKE (platform.pattern($6::VARCHAR) || '%') OR platform.fold(account_2.website) COLLATE "C" LIKE (platform.pattern($5::VARCHAR) || '%') OR platform.fold(account_2.registration_number) COLLATE "C" LIKE (platform.pattern($5::VARCHAR) || '%') OR platform.fold(account_2.external_id) COLLATE "C" LIKE (platform.pattern($5::VARCHAR) || '%')) AND (platform.fold(account_2.name) COLLATE "C" LIKE platform.pattern($5::VARCHAR) OR platform.fold(account_2.last_name) COLLATE "C" LIKE platform.pattern($5::VARCHAR) OR platform.fold(account_2.number) COLLATE "C" LIKE platform.pattern($5::VARCHAR) OR platform.fold(account_2.email) COLLATE "C" LIKE platform.pattern($5::VARCHAR) OR platform.digits(account_2.phone) LIKE platform.pattern($6::VARCHAR) OR platform.fold(account_2.website) COLLATE "C" LIKE platform.pattern($5::VARCHAR) OR platform.fold(account_2.registration_number) COLLATE "C" LIKE platform.pattern($5::VARCHAR) OR platform.fold(account_2.external_id) COLLATE "C" LIKE platform.pattern($5::VARCHAR)) IS NOT true AND (platform.fold(account_2.name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_2.last_name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_2.number) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_2.email) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.digits(account_2.phone) LIKE ('%' || platform.pattern($4::VARCHAR) || '%') OR platform.fold(account_2.website) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_2.registration_number) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_2.external_id) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%')) AND NOT (EXISTS
    (SELECT 1 AS anon_19
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE (platform.fold(account_2.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_2.last_name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_2.number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_2.email) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.digits(account_2.phone) LIKE ('%' || platform.pattern(others.digits) || '%') OR platform.fold(account_2.website) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_2.registration_number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_2.external_id) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')) IS NOT true)) ORDER BY account_2.id DESC
    LIMIT 1000) AS newest_account_2
  WHERE
  (SELECT count(*) AS count_1
    FROM whole_1) < $7::INTEGER ORDER BY newest_account_2.rank, newest_account_2.name, newest_account_2.kind, newest_account_2.id
  LIMIT $7::INTEGER) UNION ALL
(SELECT newest_employee_2.rank AS rank, newest_employee_2.name AS name, newest_employee_2.kind AS kind, newest_employee_2.id AS id
  FROM
  (SELECT 1 AS rank, platform.fold(employee_2.name) COLLATE "C" AS name, 1 AS kind, employee_2.id AS id
    FROM
    (SELECT employee.name AS name, employee.email AS email, employee.id AS id
      FROM employee
      WHERE employee.deleted_at IS NULL) AS employee_2
    WHERE (platform.fold(employee_2.name) COLLATE "C" LIKE (platform.pattern($5::VARCHAR) || '%') OR platform.fold(employee_2.email) COLLATE "C" LIKE (platform.pattern($5::VARCHAR) || '%')) AND (platform.fold(employee_2.name) COLLATE "C" LIKE platform.pattern($5::VARCHAR) OR platform.fold(employee_2.email) COLLATE "C" LIKE platform.pattern($5::VARCHAR)) IS NOT true AND (platform.fold(employee_2.name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(employee_2.email) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%')) AND NOT (EXISTS
    (SELECT 1 AS anon_20
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE (platform.fold(employee_2.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(employee_2.email) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')) IS NOT true)) ORDER BY employee_2.id DESC
    LIMIT 1000) AS newest_employee_2
  WHERE
  (SELECT count(*) AS count_1
    FROM whole_1) < $7::INTEGER ORDER BY newest_employee_2.rank, newest_employee_2.name, newest_employee_2.kind, newest_employee_2.id
  LIMIT $7::INTEGER)),
held_1 AS
(
(SELECT newest_account_3.rank AS rank, newest_account_3.name AS name, newest_account_3.kind AS kind, newest_account_3.id AS id
  FROM
  (SELECT 2 AS rank, platform.fold(account_3.name) COLLATE "C" AS name, 0 AS kind, account_3.id AS id
    FROM
    (SELECT account.name AS name, account.last_name AS last_name, account.number AS number, account.email AS email, account.phone AS phone, account.website AS website, account.registration_number AS registration_number, account.external_id AS external_id, account.id AS id
      FROM account
      WHERE account.deleted_at IS NULL) AS account_3
    WHERE $8::BOOLEAN AND (platform.fold(account_3.name) COLLATE "C" LIKE (platform.pattern($5::VARCHAR) || '%') OR platform.fold(account_3.last_name) COLLATE "C" LIKE (platform.pattern($5::VARCHAR) || '%') OR platform.fold(account_3.number) COLLATE "C" LIKE (platform.pattern($5::VARCHAR) || '%') OR platform.fold(account_3.email) COLLATE "C" LIKE (platform.pattern($5::VARCHAR) || '%') OR platform.digits(account_3.phone) LIKE (platform.pattern($6::VARCHAR) || '%') OR platform.fold(account_3.website) COLLATE "C" LIKE (platform.pattern($5::VARCHAR) || '%') OR platform.fold(account_3.registration_number) COLLATE "C" LIKE (platform.pattern($5::VARCHAR) || '%') OR platform.fold(account_3.external_id) COLLATE "C" LIKE (platform.pattern($5::VARCHAR) || '%')) IS NOT true AND (platform.fold(account_3.name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_3.last_name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_3.number) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_3.email) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.digits(account_3.phone) LIKE ('%' || platform.pattern($4::VARCHAR) || '%') OR platform.fold(account_3.website) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_3.registration_number) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_3.external_id) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%')) AND NOT (EXISTS
    (SELECT 1 AS anon_21
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE (platform.fold(account_3.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_3.last_name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_3.number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_3.email) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.digits(account_3.phone) LIKE ('%' || platform.pattern(others.digits) || '%') OR platform.fold(account_3.website) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_3.registration_number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_3.external_id) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')) IS NOT true)) ORDER BY account_3.id DESC
    LIMIT 1000) AS newest_account_3
  WHERE
  (SELECT count(*) AS count_2
    FROM whole_1) +
  (SELECT count(*) AS count_3
    FROM begun_1) < $7::INTEGER ORDER BY newest_account_3.rank, newest_account_3.name, newest_account_3.kind, newest_account_3.id
  LIMIT $7::INTEGER) UNION ALL
(SELECT newest_employee_3.rank AS rank, newest_employee_3.name AS name, newest_employee_3.kind AS kind, newest_employee_3.id AS id
  FROM
  (SELECT 2 AS rank, platform.fold(employee_3.name) COLLATE "C" AS name, 1 AS kind, employee_3.id AS id
    FROM
    (SELECT employee.name AS name, employee.email AS email, employee.id AS id
      FROM employee
      WHERE employee.deleted_at IS NULL) AS employee_3
    WHERE $8::BOOLEAN AND (platform.fold(employee_3.name) COLLATE "C" LIKE (platform.pattern($5::VARCHAR) || '%') OR platform.fold(employee_3.email) COLLATE "C" LIKE (platform.pattern($5::VARCHAR) || '%')) IS NOT true AND (platform.fold(employee_3.name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(employee_3.email) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%')) AND NOT (EXISTS
    (SELECT 1 AS anon_22
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE (platform.fold(employee_3.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(employee_3.email) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')) IS NOT true)) ORDER BY employee_3.id DESC
    LIMIT 1000) AS newest_employee_3
  WHERE
  (SELECT count(*) AS count_2
    FROM whole_1) +
  (SELECT count(*) AS count_3
    FROM begun_1) < $7::INTEGER ORDER BY newest_employee_3.rank, newest_employee_3.name, newest_employee_3.kind, newest_employee_3.id
  LIMIT $7::INTEGER)),
alike_1 AS
(
(SELECT 4 - greatest(platform.word_similarity(platform.fold($5::VARCHAR) COLLATE "C", platform.fold(account_4.name) COLLATE "C"), platform.word_similarity(platform.fold($5::VARCHAR) COLLATE "C", platform.fold(account_4.last_name) COLLATE "C")) AS rank, platform.fold(account_4.name) COLLATE "C" AS name, 0 AS kind, account_4.id AS id
  FROM
  (SELECT account.name AS name, account.last_name AS last_name, account.id AS id, account.number AS number, account.email AS email, account.phone AS phone, account.website AS website, account.registration_number AS registration_number, account.external_id AS external_id
    FROM account
    WHERE account.deleted_at IS NULL) AS account_4
  WHERE $8::BOOLEAN AND (platform.fold(account_4.name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_4.last_name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_4.number) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_4.email) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.digits(account_4.phone) LIKE ('%' || platform.pattern($4::VARCHAR) || '%') OR platform.fold(account_4.website) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_4.registration_number) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_4.external_id) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR (platform.fold(account_4.name) COLLATE "C") OPERATOR(platform.%>) (platform.fold($1::VARCHAR) COLLATE "C") OR (platform.fold(account_4.last_name) COLLATE "C") OPERATOR(platform.%>) (platform.fold($1::VARCHAR) COLLATE "C")) AND NOT (EXISTS
  (SELECT 1 AS anon_23
    FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
    WHERE (platform.fold(account_4.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_4.last_name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_4.number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_4.email) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.digits(account_4.phone) LIKE ('%' || platform.pattern(others.digits) || '%') OR platform.fold(account_4.website) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_4.registration_number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_4.external_id) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR (platform.fold(account_4.name) COLLATE "C") OPERATOR(platform.%>) (platform.fold(others.word) COLLATE "C") OR (platform.fold(account_4.last_name) COLLATE "C") OPERATOR(platform.%>) (platform.fold(others.word) COLLATE "C")) IS NOT true)) AND ((platform.fold(account_4.name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_4.last_name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_4.number) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_4.email) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.digits(account_4.phone) LIKE ('%' || platform.pattern($4::VARCHAR) || '%') OR platform.fold(account_4.website) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_4.registration_number) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(account_4.external_id) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%')) AND NOT (EXISTS
  (SELECT 1 AS anon_24
    FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
    WHERE (platform.fold(account_4.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_4.last_name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_4.number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_4.email) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.digits(account_4.phone) LIKE ('%' || platform.pattern(others.digits) || '%') OR platform.fold(account_4.website) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_4.registration_number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(account_4.external_id) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')) IS NOT true))) IS NOT true AND
  (SELECT count(*) AS count_4
    FROM whole_1) +
  (SELECT count(*) AS count_5
    FROM begun_1) +
  (SELECT count(*) AS count_6
    FROM held_1) < $7::INTEGER ORDER BY 4 - greatest(platform.word_similarity(platform.fold($5::VARCHAR) COLLATE "C", platform.fold(account_4.name) COLLATE "C"), platform.word_similarity(platform.fold($5::VARCHAR) COLLATE "C", platform.fold(account_4.last_name) COLLATE "C")), platform.fold(account_4.name) COLLATE "C", account_4.id
  LIMIT $7::INTEGER) UNION ALL
(SELECT 4 - greatest(platform.word_similarity(platform.fold($5::VARCHAR) COLLATE "C", platform.fold(employee_4.name) COLLATE "C")) AS rank, platform.fold(employee_4.name) COLLATE "C" AS name, 1 AS kind, employee_4.id AS id
  FROM
  (SELECT employee.name AS name, employee.id AS id, employee.email AS email
    FROM employee
    WHERE employee.deleted_at IS NULL) AS employee_4
  WHERE $8::BOOLEAN AND (platform.fold(employee_4.name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(employee_4.email) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR (platform.fold(employee_4.name) COLLATE "C") OPERATOR(platform.%>) (platform.fold($1::VARCHAR) COLLATE "C")) AND NOT (EXISTS
  (SELECT 1 AS anon_25
    FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
    WHERE (platform.fold(employee_4.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(employee_4.email) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR (platform.fold(employee_4.name) COLLATE "C") OPERATOR(platform.%>) (platform.fold(others.word) COLLATE "C")) IS NOT true)) AND ((platform.fold(employee_4.name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR platform.fold(employee_4.email) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%')) AND NOT (EXISTS
  (SELECT 1 AS anon_26
    FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
    WHERE (platform.fold(employee_4.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR platform.fold(employee_4.email) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')) IS NOT true))) IS NOT true AND
  (SELECT count(*) AS count_4
    FROM whole_1) +
  (SELECT count(*) AS count_5
    FROM begun_1) +
  (SELECT count(*) AS count_6
    FROM held_1) < $7::INTEGER ORDER BY 4 - greatest(platform.word_similarity(platform.fold($5::VARCHAR) COLLATE "C", platform.fold(employee_4.name) COLLATE "C")), platform.fold(employee_4.name) COLLATE "C", employee_4.id
  LIMIT $7::INTEGER))
SELECT convert_to(('[' || coalesce(
(SELECT string_agg(CASE WHEN (hits.kind = 0) THEN
  (SELECT ('{"matched":[' || substr((CASE WHEN (platform.fold(account_5.name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR (EXISTS
    (SELECT 1 AS anon_3
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE platform.fold(account_5.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%'))) OR hits.rank >= 3 AND (platform.fold(account_5.name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR (platform.fold(account_5.name) COLLATE "C") OPERATOR(platform.%>) (platform.fold($1::VARCHAR) COLLATE "C") OR (EXISTS
    (SELECT 1 AS anon_4
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE platform.fold(account_5.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR (platform.fold(account_5.name) COLLATE "C") OPERATOR(platform.%>) (platform.fold(others.word) COLLATE "C"))))) THEN ',"name"' ELSE '' END || CASE WHEN (platform.fold(account_5.last_name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR (EXISTS
    (SELECT 1 AS anon_5
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE platform.fold(account_5.last_name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%'))) OR hits.rank >= 3 AND (platform.fold(account_5.last_name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR (platform.fold(account_5.last_name) COLLATE "C") OPERATOR(platform.%>) (platform.fold($1::VARCHAR) COLLATE "C") OR (EXISTS
    (SELECT 1 AS anon_6
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE platform.fold(account_5.last_name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR (platform.fold(account_5.last_name) COLLATE "C") OPERATOR(platform.%>) (platform.fold(others.word) COLLATE "C"))))) THEN ',"lastName"' ELSE '' END || CASE WHEN (platform.fold(account_5.number) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR (EXISTS
    (SELECT 1 AS anon_7
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE platform.fold(account_5.number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')))) THEN ',"number"' ELSE '' END || CASE WHEN (platform.fold(account_5.email) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR (EXISTS
    (SELECT 1 AS anon_8
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE platform.fold(account_5.email) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')))) THEN ',"email"' ELSE '' END || CASE WHEN (platform.digits(account_5.phone) LIKE ('%' || platform.pattern($4::VARCHAR) || '%') OR (EXISTS
    (SELECT 1 AS anon_9
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE platform.digits(account_5.phone) LIKE ('%' || platform.pattern(others.digits) || '%')))) THEN ',"phone"' ELSE '' END || CASE WHEN (platform.fold(account_5.website) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR (EXISTS
    (SELECT 1 AS anon_10
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE platform.fold(account_5.website) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')))) THEN ',"website"' ELSE '' END || CASE WHEN (platform.fold(account_5.registration_number) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR (EXISTS
    (SELECT 1 AS anon_11
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE platform.fold(account_5.registration_number) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')))) THEN ',"registrationNumber"' ELSE '' END || CASE WHEN (platform.fold(account_5.external_id) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR (EXISTS
    (SELECT 1 AS anon_12
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE platform.fold(account_5.external_id) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')))) THEN ',"externalId"' ELSE '' END), 2) || '],"node":{"__typename":"Account","id":"acc_' || replace((account_5.id)::text, '-', '') || '","name":' || coalesce((to_json(account_5.name))::text, 'null') || ',"number":' || (to_json(account_5.number))::text || '}}') AS anon_2
    FROM
    (SELECT account.name AS name, account.last_name AS last_name, account.number AS number, account.email AS email, account.phone AS phone, account.website AS website, account.registration_number AS registration_number, account.external_id AS external_id, account.id AS id
      FROM account
      WHERE account.deleted_at IS NULL) AS account_5
    WHERE account_5.id = hits.id) WHEN (hits.kind = 1) THEN
  (SELECT ('{"matched":[' || substr((CASE WHEN (platform.fold(employee_5.name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR (EXISTS
    (SELECT 1 AS anon_14
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE platform.fold(employee_5.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%'))) OR hits.rank >= 3 AND (platform.fold(employee_5.name) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR (platform.fold(employee_5.name) COLLATE "C") OPERATOR(platform.%>) (platform.fold($1::VARCHAR) COLLATE "C") OR (EXISTS
    (SELECT 1 AS anon_15
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE platform.fold(employee_5.name) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%') OR (platform.fold(employee_5.name) COLLATE "C") OPERATOR(platform.%>) (platform.fold(others.word) COLLATE "C"))))) THEN ',"name"' ELSE '' END || CASE WHEN (platform.fold(employee_5.email) COLLATE "C" LIKE ('%' || platform.pattern($1::VARCHAR) || '%') OR (EXISTS
    (SELECT 1 AS anon_16
      FROM unnest($2::TEXT[], $3::TEXT[]) AS others(word, digits)
      WHERE platform.fold(employee_5.email) COLLATE "C" LIKE ('%' || platform.pattern(others.word) || '%')))) THEN ',"email"' ELSE '' END), 2) || '],"node":{"__typename":"Employee","id":"emp_' || replace((employee_5.id)::text, '-', '') || '","name":' || (to_json(employee_5.name))::text || ',"email":' || (to_json(employee_5.email))::text || '}}') AS anon_13
    FROM
    (SELECT employee.name AS name, employee.email AS email, employee.id AS id
      FROM employee
      WHERE employee.deleted_at IS NULL) AS employee_5
    WHERE employee_5.id = hits.id) END, ',' ORDER BY hits.rank, hits.name, hits.kind, hits.id) AS anon_1
  FROM
  (SELECT every.rank AS rank, every.name AS name, every.kind AS kind, every.id AS id
    FROM
    (SELECT whole_1.rank AS rank, whole_1.name AS name, whole_1.kind AS kind, whole_1.id AS id
      FROM whole_1 UNION ALL SELECT begun_1.rank AS rank, begun_1.name AS name, begun_1.kind AS kind, begun_1.id AS id
      FROM begun_1 UNION ALL SELECT held_1.rank AS rank, held_1.name AS name, held_1.kind AS kind, held_1.id AS id
      FROM held_1 UNION ALL SELECT alike_1.rank AS rank, alike_1.name AS name, alike_1.kind AS kind, alike_1.id AS id
      FROM alike_1) AS every ORDER BY every.rank, every.name, every.kind, every.id
    LIMIT $7::INTEGER) AS hits), '') || ']'), 'UTF8') AS r0
-- $1: p3
-- $2: p1
-- $3: p2
-- $4: p4
-- $5: p5
-- $6: p6
-- $7: p8
-- $8: p7
