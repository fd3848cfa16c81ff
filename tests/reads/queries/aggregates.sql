SELECT convert_to(
(SELECT ('{"aggregate":' ||
  (SELECT ('{"count":' || (max(measured.measure_1) FILTER (WHERE measured.whole))::text || ',"sum":{"amount":[' || coalesce(string_agg(('{"amount":"' || (measured.measure_2)::text || '","currency":"' || (measured.currency)::text || '"}'), ',' ORDER BY measured.currency) FILTER (WHERE measured.by_currency AND measured.measure_2 IS NOT NULL), '') || '],"probability":' || coalesce(('"' || (max(measured.measure_3) FILTER (WHERE measured.whole))::text || '"'), 'null') || '},"avg":{"amount":[' || coalesce(string_agg(('{"amount":"' || (measured.measure_4)::text || '","currency":"' || (measured.currency)::text || '"}'), ',' ORDER BY measured.currency) FILTER (WHERE measured.by_currency AND measured.measure_4 IS NOT NULL), '') || '],"probability":' || coalesce(('"' || (max(measured.measure_5) FILTER (WHERE measured.whole))::text || '"'), 'null') || '},"max":{"expectedCloseOn":' || coalesce(('"' || (max(measured.measure_6) FILTER (WHERE measured.whole))::text || '"'), 'null') || '}}') AS anon_1
    FROM
    (SELECT parts.by_1 AS currency, grouping(parts.by_1) = 0 AS by_currency, grouping(parts.by_1) = 1 AS whole, coalesce(sum(parts.part_1), 0) AS measure_1, round(sum(parts.part_2), platform.minor(parts.by_1)) AS measure_2, sum(parts.part_3) AS measure_3, round((sum(parts.part_4)) / NULLIF(coalesce(sum(parts.part_5), 0), 0), platform.minor(parts.by_1) + 2) AS measure_4, round((sum(parts.part_6)) / NULLIF(coalesce(sum(parts.part_7), 0), 0), 2) AS measure_5, max(parts.part_8) AS measure_6
      FROM
      (SELECT opportunity_1.currency AS by_1, count(*) AS part_1, sum(opportunity_1.amount) AS part_2, sum(opportunity_1.probability) AS part_3, sum(opportunity_1.amount) AS part_4, count(opportunity_1.amount) AS part_5, sum(opportunity_1.probability) AS part_6, count(opportunity_1.probability) AS part_7, max(opportunity_1.expected_close_on) AS part_8
        FROM
        (SELECT opportunity.status AS status, opportunity.currency AS currency, opportunity.amount AS amount, opportunity.probability AS probability, opportunity.expected_close_on AS expected_close_on
          FROM opportunity
          WHERE opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($1::UUID[]) OR opportunity.type_id = ANY ($2::UUID[]) OR (EXISTS
          (SELECT 1 AS anon_2
            FROM opportunity_share
            WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)))) AS opportunity_1
        WHERE opportunity_1.status = $4::VARCHAR GROUP BY opportunity_1.currency) AS parts
      WHERE true GROUP BY GROUPING SETS((), (parts.by_1))) AS measured) || '}') AS json), 'UTF8') AS r0
-- $1: owners:Opportunity
-- $2: shared:share_rule.type_id:share_rule.role_id
-- $3: viewer:employee
-- $4: p1
