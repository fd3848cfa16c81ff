SELECT convert_to(('[' || coalesce(
(SELECT string_agg(coalesce(
  (SELECT ('{"__typename":"Opportunity","id":"opp_' || replace((opportunity_1.id)::text, '-', '') || '","name":' || (to_json(opportunity_1.name))::text || '}') AS anon_2
    FROM
    (SELECT opportunity.id AS id, opportunity.name AS name
      FROM opportunity
      WHERE opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($1::UUID[]) OR opportunity.type_id = ANY ($2::UUID[]) OR (EXISTS
      (SELECT 1 AS anon_3
        FROM opportunity_share
        WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)))) AS opportunity_1
    WHERE opportunity_1.id = asked.id_0), 'null'), ',' ORDER BY asked.place) AS anon_1
  FROM unnest($4::UUID[]) WITH ORDINALITY AS asked(id_0, place)), '') || ']'), 'UTF8') AS r0
-- $1: owners:Opportunity
-- $2: shared:share_rule.type_id:share_rule.role_id
-- $3: viewer:employee
-- $4: p1
-- denied: Role. (object)
