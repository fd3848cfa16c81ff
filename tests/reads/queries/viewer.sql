SELECT convert_to(coalesce(
(SELECT ('{"id":"usr_' || replace((user_1.id)::text, '-', '') || '","active":' || (user_1.active)::text || ',"employee":' || CASE WHEN (employee_1.id IS NOT NULL) THEN ('{"name":' || (to_json(employee_1.name))::text || ',"manager":' || CASE WHEN (employee_2.id IS NOT NULL) THEN ('{"name":' || (to_json(employee_2.name))::text || '}') ELSE 'null' END || '}') ELSE 'null' END || ',"roles":null}') AS json
  FROM
  (SELECT "user".id AS id, "user".active AS active, "user".employee_id AS employee_id
    FROM "user"
    WHERE "user".deleted_at IS NULL) AS user_1 LEFT OUTER JOIN
  (SELECT employee.id AS id, employee.name AS name, employee.manager_id AS manager_id
    FROM employee
    WHERE employee.deleted_at IS NULL) AS employee_1 ON employee_1.id = user_1.employee_id LEFT OUTER JOIN
  (SELECT employee.id AS id, employee.name AS name
    FROM employee
    WHERE employee.deleted_at IS NULL) AS employee_2 ON employee_2.id = employee_1.manager_id
  WHERE user_1.id = $1::UUID), 'null'), 'UTF8') AS r0
-- $1: viewer:user
-- denied: RoleAssignment. (object)
