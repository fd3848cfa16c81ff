SELECT convert_to(
(SELECT ('{"nodes":[' || coalesce(string_agg(('{"name":' || (to_json(opportunity_1_page.name))::text || ',"margin":null,"note":' || coalesce((to_json(opportunity_1_page.note))::text, 'null') || '}'), ',' ORDER BY opportunity_1_page.key_1 ASC), '') || ']}') AS json
  FROM
  (SELECT opportunity_1.id AS key_1, opportunity_1.name AS name, opportunity_1.note AS note
    FROM
    (SELECT opportunity.id AS id, opportunity.name AS name, opportunity.note AS note
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
    LIMIT 2) AS opportunity_1_page), 'UTF8') AS r0
-- $1: owners:Opportunity
-- $2: shared:share_rule.type_id:share_rule.role_id
-- $3: viewer:employee
-- denied: Opportunity.margin (hidden)
