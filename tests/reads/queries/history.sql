SELECT convert_to(
(SELECT ('{"nodes":[' || coalesce(string_agg(('{"name":' || (to_json(opportunity_1_page.name))::text || ',"history":' || history_list_2.json || '}'), ',' ORDER BY opportunity_1_page.key_1 ASC), '') || ']}') AS json
  FROM
  (SELECT opportunity_1.id AS key_1, opportunity_1.name AS name, opportunity_1.id AS id
    FROM
    (SELECT opportunity.id AS id, opportunity.name AS name, opportunity.status AS status
      FROM opportunity
      WHERE opportunity.deleted_at IS NULL AND opportunity.id IN
      (SELECT opportunity.id
        FROM opportunity
        WHERE opportunity.owner_id = ANY ($1::UUID[]) UNION ALL SELECT opportunity.id
        FROM opportunity
        WHERE opportunity.type_id = ANY ($2::UUID[]) UNION ALL SELECT opportunity_share.opportunity_id
        FROM opportunity_share
        WHERE opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)) AS opportunity_1
    WHERE opportunity_1.status = $4::VARCHAR AND (EXISTS
    (SELECT 1 AS anon_1
      FROM
      (SELECT history.field AS field, history.record_id AS record_id
        FROM history
        WHERE history.key = ANY ($5::TEXT[]) OR history.entity = 'Opportunity' AND (history.key || ':' ||
        (SELECT opportunity.status
          FROM opportunity
          WHERE opportunity.id = history.record_id)) = ANY ($6::TEXT[]) OR history.entity = 'Contract' AND (history.key || ':' ||
        (SELECT contract.status
          FROM contract
          WHERE contract.id = history.record_id)) = ANY ($6::TEXT[]) OR history.entity = 'Case' AND (history.key || ':' ||
        (SELECT "case".state
          FROM "case"
          WHERE "case".id = history.record_id)) = ANY ($6::TEXT[])) AS history_3
      WHERE history_3.record_id = opportunity_1.id AND history_3.field = $7::VARCHAR)) ORDER BY opportunity_1.id ASC
    LIMIT 1) AS opportunity_1_page LEFT OUTER JOIN LATERAL
  (SELECT ('{"totalCount":' || (
    (SELECT count(*) AS count_1
      FROM
      (SELECT history.record_id AS record_id
        FROM history
        WHERE history.key = ANY ($5::TEXT[]) OR history.entity = 'Opportunity' AND (history.key || ':' ||
        (SELECT opportunity.status
          FROM opportunity
          WHERE opportunity.id = history.record_id)) = ANY ($6::TEXT[]) OR history.entity = 'Contract' AND (history.key || ':' ||
        (SELECT contract.status
          FROM contract
          WHERE contract.id = history.record_id)) = ANY ($6::TEXT[]) OR history.entity = 'Case' AND (history.key || ':' ||
        (SELECT "case".state
          FROM "case"
          WHERE "case".id = history.record_id)) = ANY ($6::TEXT[])) AS history_2
      WHERE history_2.record_id = opportunity_1_page.id))::text || ',"nodes":[' || coalesce(string_agg(('{"kind":"' || (history_1_page.kind)::text || '","field":' || coalesce((to_json(history_1_page.field))::text, 'null') || ',"before":' || coalesce((to_json(history_1_page.before))::text, 'null') || ',"after":' || coalesce((to_json(history_1_page.after))::text, 'null') || ',"at":"' || to_char(timezone('UTC', history_1_page.at), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '","user":' || CASE WHEN (user_1.id IS NOT NULL) THEN ('{"active":' || (user_1.active)::text || '}') ELSE 'null' END || '}'), ',' ORDER BY history_1_page.key_1 ASC), '') || ']}') AS json
    FROM
    (SELECT history_1.id AS key_1, history_1.kind AS kind, history_1.field AS field, history_1.before AS before, history_1.after AS after, history_1.at AS at, history_1.user_id AS user_id
      FROM
      (SELECT history.id AS id, history.kind AS kind, history.field AS field, history.before AS before, history.after AS after, history.at AS at, history.user_id AS user_id, history.record_id AS record_id
        FROM history
        WHERE history.key = ANY ($5::TEXT[]) OR history.entity = 'Opportunity' AND (history.key || ':' ||
        (SELECT opportunity.status
          FROM opportunity
          WHERE opportunity.id = history.record_id)) = ANY ($6::TEXT[]) OR history.entity = 'Contract' AND (history.key || ':' ||
        (SELECT contract.status
          FROM contract
          WHERE contract.id = history.record_id)) = ANY ($6::TEXT[]) OR history.entity = 'Case' AND (history.key || ':' ||
        (SELECT "case".state
          FROM "case"
          WHERE "case".id = history.record_id)) = ANY ($6::TEXT[])) AS history_1
      WHERE history_1.record_id = opportunity_1_page.id ORDER BY history_1.id DESC
      LIMIT 4) AS history_1_page LEFT OUTER JOIN
    (SELECT "user".id AS id, "user".active AS active
      FROM "user"
      WHERE "user".deleted_at IS NULL) AS user_1 ON user_1.id = history_1_page.user_id) AS history_list_2 ON true), 'UTF8') AS r0
-- $1: owners:Opportunity
-- $2: shared:share_rule.type_id:share_rule.role_id
-- $3: viewer:employee
-- $4: p1
-- $5: viewer:history_keys
-- $6: viewer:history_keys_by_status
-- $7: p2
