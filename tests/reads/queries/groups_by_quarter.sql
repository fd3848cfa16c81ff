WITH groups_1 AS
(SELECT measured.key_1 AS key_1, measured.key_2 AS key_2, measured.key_3 AS key_3, (max(measured.measure_1) FILTER (WHERE measured.whole))::text AS value_3, ('{"account":' || coalesce((max(measured.measure_2) FILTER (WHERE measured.whole))::text, 'null') || '}') AS value_4, ('{"note":' || coalesce(('"' || (max(measured.measure_3) FILTER (WHERE measured.whole))::text || '"'), 'null') || '}') AS value_5, ('{"amount":[' || coalesce(string_agg(('{"amount":"' || (measured.measure_4)::text || '","currency":"' || (measured.currency)::text || '"}'), ',' ORDER BY measured.currency) FILTER (WHERE measured.by_currency AND measured.measure_4 IS NOT NULL), '') || ']}') AS value_6, max(measured.measure_4) FILTER (WHERE measured.by_currency AND measured.currency = $1::VARCHAR) AS value_7, max(measured.measure_1) FILTER (WHERE measured.whole) AS value_8
  FROM
  (SELECT employee_2_key.key AS key_1, CASE WHEN (opportunity_1.expected_close_on IS NOT NULL) THEN least(greatest((date_trunc('quarter', opportunity_1.expected_close_on))::date, ('0001-01-01')::date), ('9999-12-31')::date) END AS key_2, CASE WHEN (timezone($2::VARCHAR, opportunity_1.created_at) IS NOT NULL) THEN least(greatest((date_trunc('year', timezone($2::VARCHAR, opportunity_1.created_at)))::date, ('0001-01-01')::date), ('9999-12-31')::date) END AS key_3, opportunity_1.currency AS currency, grouping(opportunity_1.currency) = 0 AS by_currency, grouping(opportunity_1.currency) = 1 AS whole, count(*) AS measure_1, count(DISTINCT account_1_key.key) AS measure_2, round(avg(CASE WHEN (opportunity_1.note IS NULL) THEN 100 ELSE 0 END), 2) AS measure_3, round(sum(opportunity_1.amount), platform.minor(opportunity_1.currency)) AS measure_4
    FROM
    (SELECT opportunity.owner_id AS owner_id, opportunity.expected_close_on AS expected_close_on, opportunity.created_at AS created_at, opportunity.account_id AS account_id, opportunity.note AS note, opportunity.currency AS currency, opportunity.amount AS amount, opportunity.status AS status
      FROM opportunity
      WHERE opportunity.deleted_at IS NULL) AS opportunity_1 LEFT OUTER JOIN LATERAL
    (SELECT employee_1.manager_id AS key
      FROM
      (SELECT employee.manager_id AS manager_id, employee.id AS id
        FROM employee
        WHERE employee.deleted_at IS NULL) AS employee_1
      WHERE employee_1.id = opportunity_1.owner_id) AS employee_1_key ON true LEFT OUTER JOIN LATERAL
    (SELECT employee_2.name AS key
      FROM
      (SELECT employee.name AS name, employee.id AS id
        FROM employee
        WHERE employee.deleted_at IS NULL) AS employee_2
      WHERE employee_2.id = employee_1_key.key) AS employee_2_key ON true LEFT OUTER JOIN LATERAL
    (SELECT account_1.id AS key
      FROM
      (SELECT account.id AS id
        FROM account
        WHERE account.deleted_at IS NULL) AS account_1
      WHERE account_1.id = opportunity_1.account_id) AS account_1_key ON true
    WHERE opportunity_1.status = $3::VARCHAR GROUP BY GROUPING SETS((employee_2_key.key, CASE WHEN (opportunity_1.expected_close_on IS NOT NULL) THEN least(greatest((date_trunc('quarter', opportunity_1.expected_close_on))::date, ('0001-01-01')::date), ('9999-12-31')::date) END, CASE WHEN (timezone($2::VARCHAR, opportunity_1.created_at) IS NOT NULL) THEN least(greatest((date_trunc('year', timezone($2::VARCHAR, opportunity_1.created_at)))::date, ('0001-01-01')::date), ('9999-12-31')::date) END), (employee_2_key.key, CASE WHEN (opportunity_1.expected_close_on IS NOT NULL) THEN least(greatest((date_trunc('quarter', opportunity_1.expected_close_on))::date, ('0001-01-01')::date), ('9999-12-31')::date) END, CASE WHEN (timezone($2::VARCHAR, opportunity_1.created_at) IS NOT NULL) THEN least(greatest((date_trunc('year', timezone($2::VARCHAR, opportunity_1.created_at)))::date, ('0001-01-01')::date), ('9999-12-31')::date) END, opportunity_1.currency))) AS measured GROUP BY measured.key_1, measured.key_2, measured.key_3)
SELECT convert_to(('{"groups":[' || coalesce(
(SELECT string_agg(('{"key":{"owner":{"manager":{"name":' || coalesce((to_json(page_0.key_1))::text, 'null') || '}},"expectedCloseOn":' || coalesce(('"' || (page_0.key_2)::text || '"'), 'null') || ',"createdAt":' || coalesce(('"' || (page_0.key_3)::text || '"'), 'null') || '},"count":' || page_0.value_3 || ',"countUnique":' || page_0.value_4 || ',"percentEmpty":' || page_0.value_5 || ',"sum":' || page_0.value_6 || '}'), ',' ORDER BY page_0.order_0 DESC NULLS LAST, page_0.order_1 DESC NULLS LAST, page_0.order_2 ASC NULLS LAST, page_0.order_3 ASC NULLS LAST, page_0.order_4 ASC NULLS LAST, page_0.order_5 ASC NULLS LAST) AS anon_1
  FROM
  (SELECT groups_1.key_1 AS key_1, groups_1.key_2 AS key_2, groups_1.key_3 AS key_3, groups_1.value_3 AS value_3, groups_1.value_4 AS value_4, groups_1.value_5 AS value_5, groups_1.value_6 AS value_6, groups_1.value_7 AS order_0, groups_1.value_8 AS order_1, platform.fold(groups_1.key_1) COLLATE "C" AS order_2, groups_1.key_1 COLLATE "C" AS order_3, groups_1.key_2 AS order_4, groups_1.key_3 AS order_5
    FROM groups_1
    WHERE groups_1.value_7 >= $4::NUMERIC ORDER BY groups_1.value_7 DESC NULLS LAST, groups_1.value_8 DESC NULLS LAST, platform.fold(groups_1.key_1) COLLATE "C" ASC NULLS LAST, groups_1.key_1 COLLATE "C" ASC NULLS LAST, groups_1.key_2 ASC NULLS LAST, groups_1.key_3 ASC NULLS LAST
    LIMIT 4 OFFSET $5::INTEGER) AS page_0), '') || ']}'), 'UTF8') AS r0
-- $1: p3
-- $2: p1
-- $3: p5
-- $4: p4
-- $5: p2
