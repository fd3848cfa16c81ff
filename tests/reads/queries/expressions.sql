SELECT convert_to(
(SELECT ('{"nodes":[' || coalesce(string_agg(('{"name":' || (to_json(opportunity_1_page.name))::text || ',"status":"' || (opportunity_1_page.status)::text || '","weighted":' || coalesce(('{"amount":"' || (round(opportunity_1_page.weighted, platform.minor(opportunity_1_page.weighted_currency)))::text || '","currency":"' || (opportunity_1_page.weighted_currency)::text || '"}'), 'null') || ',"netMargin":' || coalesce(('{"amount":"' || (round(opportunity_1_page.net_margin, platform.minor(opportunity_1_page.net_margin_currency)))::text || '","currency":"' || (opportunity_1_page.net_margin_currency)::text || '"}'), 'null') || '}'), ',' ORDER BY opportunity_1_page.key_1 DESC NULLS LAST, opportunity_1_page.key_2 DESC), '') || ']}') AS json
  FROM
  (SELECT opportunity_1.weighted AS key_1, opportunity_1.id AS key_2, opportunity_1.name AS name, opportunity_1.status AS status, opportunity_1.weighted AS weighted, opportunity_1.weighted_currency AS weighted_currency, opportunity_1.net_margin AS net_margin, opportunity_1.net_margin_currency AS net_margin_currency
    FROM
    (SELECT opportunity.amount * opportunity.probability * 0.01 AS weighted, opportunity.id AS id, opportunity.name AS name, opportunity.status AS status, opportunity.currency AS weighted_currency, CASE WHEN (opportunity.status = ANY ($1::TEXT[])) THEN opportunity.margin - opportunity.commission END AS net_margin, CASE WHEN (opportunity.status = ANY ($1::TEXT[])) THEN opportunity.currency END AS net_margin_currency, opportunity.status AS status_, opportunity.margin - opportunity.commission AS net_margin_raw
      FROM opportunity
      WHERE opportunity.deleted_at IS NULL AND opportunity.id IN
      (SELECT opportunity.id
        FROM opportunity
        WHERE opportunity.owner_id = ANY ($2::UUID[]) UNION ALL SELECT opportunity.id
        FROM opportunity
        WHERE opportunity.type_id = ANY ($3::UUID[]) UNION ALL SELECT opportunity_share.opportunity_id
        FROM opportunity_share
        WHERE opportunity_share.employee_id = $4::UUID AND opportunity_share.deleted_at IS NULL)) AS opportunity_1
    WHERE opportunity_1.weighted > $5::NUMERIC AND opportunity_1.status_ = ANY ($1::TEXT[]) AND opportunity_1.net_margin_raw IS NOT NULL ORDER BY opportunity_1.weighted DESC NULLS LAST, opportunity_1.id DESC
    LIMIT 3) AS opportunity_1_page), 'UTF8') AS r0
-- $1: statuses:Opportunity.netMargin
-- $2: owners:Opportunity
-- $3: shared:share_rule.type_id:share_rule.role_id
-- $4: viewer:employee
-- $5: p1
-- denied: Opportunity.netMargin (status)
