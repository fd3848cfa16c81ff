SELECT convert_to(
(SELECT ('{"nodes":[' || coalesce(string_agg(('{"id":"opp_' || replace((opportunity_1_page.id)::text, '-', '') || '","name":' || (to_json(opportunity_1_page.name))::text || ',"margin":' || coalesce(('{"amount":"' || (round(opportunity_1_page.margin, platform.minor(opportunity_1_page.margin_currency)))::text || '","currency":"' || (opportunity_1_page.margin_currency)::text || '"}'), 'null') || '}'), ',' ORDER BY opportunity_1_page.key_1 ASC), '') || ']}') AS json
  FROM
  (SELECT opportunity_1.id AS key_1, opportunity_1.id AS id, opportunity_1.name AS name, opportunity_1.margin AS margin, opportunity_1.margin_currency AS margin_currency
    FROM
    (SELECT opportunity.id AS id, opportunity.name AS name, opportunity.margin AS margin, opportunity.currency AS margin_currency, opportunity.currency AS currency
      FROM opportunity
      WHERE opportunity.deleted_at IS NULL) AS opportunity_1
    WHERE opportunity_1.currency = ANY ($1::TEXT[]) ORDER BY opportunity_1.id ASC
    LIMIT 2) AS opportunity_1_page), 'UTF8') AS r0
-- $1: p1
