WITH groups_1 AS
(SELECT measured.key_1 AS key_1, (max(measured.measure_1) FILTER (WHERE measured.whole))::text AS value_1, ('{"amount":[' || coalesce(string_agg(('{"amount":"' || (measured.measure_2)::text || '","currency":"' || (measured.currency)::text || '"}'), ',' ORDER BY measured.currency) FILTER (WHERE measured.by_currency AND measured.measure_2 IS NOT NULL), '') || '],"weighted":[' || coalesce(string_agg(('{"amount":"' || (measured.measure_3)::text || '","currency":"' || (measured.currency)::text || '"}'), ',' ORDER BY measured.currency) FILTER (WHERE measured.by_currency AND measured.measure_3 IS NOT NULL), '') || ']}') AS value_2, ('{"probability":' || coalesce(('"' || (max(measured.measure_4) FILTER (WHERE measured.whole))::text || '"'), 'null') || '}') AS value_3
  FROM
  (SELECT stage_1_key.key AS key_1, parts.by_2 AS currency, grouping(parts.by_2) = 0 AS by_currency, grouping(parts.by_2) = 1 AS whole, coalesce(sum(parts.part_1), 0) AS measure_1, round(sum(parts.part_2), platform.minor(parts.by_2)) AS measure_2, round(sum(parts.part_3), platform.minor(parts.by_2)) AS measure_3, round((sum(parts.part_4)) / NULLIF(coalesce(sum(parts.part_5), 0), 0), 2) AS measure_4
    FROM
    (SELECT opportunity_1.stage_id AS by_1, opportunity_1.currency AS by_2, count(*) AS part_1, sum(opportunity_1.amount) AS part_2, sum(opportunity_1.weighted) AS part_3, sum(opportunity_1.probability) AS part_4, count(opportunity_1.probability) AS part_5
      FROM
      (SELECT opportunity.stage_id AS stage_id, opportunity.currency AS currency, opportunity.amount AS amount, opportunity.amount * opportunity.probability * 0.01 AS weighted, opportunity.probability AS probability, opportunity.status AS status
        FROM opportunity
        WHERE opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($1::UUID[]) OR opportunity.type_id = ANY ($2::UUID[]) OR (EXISTS
        (SELECT 1 AS anon_1
          FROM opportunity_share
          WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)))) AS opportunity_1
      WHERE opportunity_1.status = $4::VARCHAR GROUP BY opportunity_1.stage_id, opportunity_1.currency) AS parts LEFT OUTER JOIN LATERAL
    (SELECT stage_1.id AS key
      FROM
      (SELECT stage.id AS id
        FROM stage
        WHERE stage.deleted_at IS NULL) AS stage_1
      WHERE stage_1.id = parts.by_1) AS stage_1_key ON true
    WHERE true GROUP BY GROUPING SETS((stage_1_key.key), (stage_1_key.key, parts.by_2))) AS measured GROUP BY measured.key_1)
SELECT convert_to(('{"groupCount":' || (
(SELECT count(*) AS count_1
  FROM groups_1
  WHERE true))::text || ',"groups":[' || coalesce(
(SELECT string_agg(('{"key":{"stage":{"record":' || CASE WHEN (stage_3.id IS NOT NULL) THEN ('{"name":' || (to_json(stage_3.name))::text || ',"position":' || (stage_3.position)::text || '}') ELSE 'null' END || '}},"count":' || page_1.value_1 || ',"sum":' || page_1.value_2 || ',"avg":' || page_1.value_3 || '}'), ',' ORDER BY page_1.order_0 ASC NULLS LAST, page_1.order_1 ASC NULLS LAST) AS anon_2
  FROM
  (SELECT groups_1.key_1 AS key_1, groups_1.value_1 AS value_1, groups_1.value_2 AS value_2, groups_1.value_3 AS value_3, stage_2_key.key AS order_0, groups_1.key_1 AS order_1
    FROM groups_1 LEFT OUTER JOIN LATERAL
    (SELECT stage_2.position AS key
      FROM
      (SELECT stage.position AS position, stage.id AS id
        FROM stage
        WHERE stage.deleted_at IS NULL) AS stage_2
      WHERE stage_2.id = groups_1.key_1) AS stage_2_key ON true
    WHERE true ORDER BY stage_2_key.key ASC NULLS LAST, groups_1.key_1 ASC NULLS LAST
    LIMIT 100) AS page_1 LEFT OUTER JOIN
  (SELECT stage.id AS id, stage.name AS name, stage.position AS position
    FROM stage
    WHERE stage.deleted_at IS NULL) AS stage_3 ON stage_3.id = page_1.key_1), '') || ']}'), 'UTF8') AS r0
-- $1: owners:Opportunity
-- $2: shared:share_rule.type_id:share_rule.role_id
-- $3: viewer:employee
-- $4: p1
