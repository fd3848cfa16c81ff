SELECT convert_to(
(SELECT ('{"nodes":[' || coalesce(string_agg(('{"name":' || (to_json(opportunity_1_page.name))::text || ',"attributes":[{"key":"seats","label":"Number of seats","kind":"NUMBER","text":null,"number":' || coalesce(CASE WHEN (jsonb_typeof(opportunity_1_page."attribute_01941f97-5900-73ec-8ae1-204d717c9e12") = 'number') THEN ('"' || (opportunity_1_page."attribute_01941f97-5900-73ec-8ae1-204d717c9e12" #>> '{}')::text || '"') END, 'null') || ',"date":null},{"key":"kickoff","label":"Day of the kick-off","kind":"DATE","text":null,"number":null,"date":' || coalesce(CASE WHEN (jsonb_typeof(opportunity_1_page."attribute_01941fce-4780-7ab4-ad51-57b63aae36ff") = 'string') THEN (to_json(opportunity_1_page."attribute_01941fce-4780-7ab4-ad51-57b63aae36ff" #>> '{}'))::text END, 'null') || '}]}'), ',' ORDER BY opportunity_1_page.key_1 DESC NULLS LAST, opportunity_1_page.key_2 DESC), '') || ']}') AS json
  FROM
  (SELECT platform.number(opportunity_1.custom -> '01941f97-5900-73ec-8ae1-204d717c9e12') AS key_1, opportunity_1.id AS key_2, opportunity_1.name AS name, opportunity_1.custom -> '01941f97-5900-73ec-8ae1-204d717c9e12' AS "attribute_01941f97-5900-73ec-8ae1-204d717c9e12", opportunity_1.custom -> '01941fce-4780-7ab4-ad51-57b63aae36ff' AS "attribute_01941fce-4780-7ab4-ad51-57b63aae36ff"
    FROM
    (SELECT opportunity.custom AS custom, opportunity.id AS id, opportunity.name AS name
      FROM opportunity
      WHERE opportunity.deleted_at IS NULL AND opportunity.id IN
      (SELECT opportunity.id
        FROM opportunity
        WHERE opportunity.owner_id = ANY ($1::UUID[]) UNION ALL SELECT opportunity.id
        FROM opportunity
        WHERE opportunity.type_id = ANY ($2::UUID[]) UNION ALL SELECT opportunity_share.opportunity_id
        FROM opportunity_share
        WHERE opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)) AS opportunity_1
    WHERE true ORDER BY platform.number(opportunity_1.custom -> '01941f97-5900-73ec-8ae1-204d717c9e12') DESC NULLS LAST, opportunity_1.id DESC
    LIMIT 2) AS opportunity_1_page), 'UTF8') AS r0
-- $1: owners:Opportunity
-- $2: shared:share_rule.type_id:share_rule.role_id
-- $3: viewer:employee
