SELECT convert_to(coalesce(
(SELECT ('{"id":"usr_' || replace((user_1.id)::text, '-', '') || '","active":' || (user_1.active)::text || ',"employee":' || coalesce(employee_1_json.json, 'null') || ',"roles":null}') AS json
  FROM
  (SELECT "user".id AS id, "user".active AS active, "user".employee_id AS employee_id
    FROM "user"
    WHERE "user".deleted_at IS NULL) AS user_1 LEFT OUTER JOIN LATERAL
  (SELECT ('{"name":' || (to_json(employee_1.name))::text || ',"manager":' || coalesce(employee_2_json.json, 'null') || '}') AS json
    FROM
    (SELECT employee.name AS name, employee.manager_id AS manager_id, employee.id AS id
      FROM employee
      WHERE employee.deleted_at IS NULL) AS employee_1 LEFT OUTER JOIN LATERAL
    (SELECT ('{"name":' || (to_json(employee_2.name))::text || '}') AS json
      FROM
      (SELECT employee.name AS name, employee.id AS id
        FROM employee
        WHERE employee.deleted_at IS NULL) AS employee_2
      WHERE employee_2.id = employee_1.manager_id) AS employee_2_json ON true
    WHERE employee_1.id = user_1.employee_id) AS employee_1_json ON true
  WHERE user_1.id = $1::UUID), 'null'), 'UTF8') AS r0
-- $1: viewer:user
-- denied: RoleAssignment. (module)
