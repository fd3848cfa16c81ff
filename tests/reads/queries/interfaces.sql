SELECT convert_to(('[' || coalesce(
(SELECT string_agg(coalesce(
  (SELECT ('{"__typename":"Account","id":"acc_' || replace((account_1.id)::text, '-', '') || '","version":' || (account_1.version)::text || ',"owner":' || CASE WHEN (employee_1.id IS NOT NULL) THEN ('{"name":' || (to_json(employee_1.name))::text || '}') ELSE 'null' END || '}') AS anon_2
    FROM
    (SELECT account.id AS id, account.version AS version, account.owner_id AS owner_id
      FROM account
      WHERE account.deleted_at IS NULL) AS account_1 LEFT OUTER JOIN
    (SELECT employee.id AS id, employee.name AS name
      FROM employee
      WHERE employee.deleted_at IS NULL) AS employee_1 ON employee_1.id = account_1.owner_id
    WHERE account_1.id = asked.id_0),
  (SELECT ('{"__typename":"Stage","id":"stg_' || replace((stage_1.id)::text, '-', '') || '","version":' || (stage_1.version)::text || '}') AS anon_3
    FROM
    (SELECT stage.id AS id, stage.version AS version
      FROM stage
      WHERE stage.deleted_at IS NULL) AS stage_1
    WHERE stage_1.id = asked.id_1), 'null'), ',' ORDER BY asked.place) AS anon_1
  FROM unnest($1::UUID[], $2::UUID[]) WITH ORDINALITY AS asked(id_0, id_1, place)), '') || ']'), 'UTF8') AS r0
-- $1: p1
-- $2: p2
