SELECT convert_to(
(SELECT ('{"aggregate":' ||
  (SELECT ('{"count":' || (count(*))::text || ',"sum":{"amount":[' || coalesce(
    (SELECT string_agg(('{"amount":"' || (round(by_currency.amount, platform.minor(by_currency.currency)))::text || '","currency":"' || (by_currency.currency)::text || '"}'), ',' ORDER BY by_currency.currency) AS anon_2
      FROM
      (SELECT opportunity_2.amount_currency AS currency, sum(opportunity_2.amount) AS amount
        FROM
        (SELECT opportunity.status AS status, opportunity.amount AS amount, opportunity.currency AS amount_currency
          FROM opportunity
          WHERE opportunity.deleted_at IS NULL AND opportunity.id IN
          (SELECT opportunity.id
            FROM opportunity
            WHERE opportunity.owner_id = ANY ($1::UUID[]) UNION ALL SELECT opportunity.id
            FROM opportunity
            WHERE opportunity.type_id = ANY ($2::UUID[]) UNION ALL SELECT opportunity_share.opportunity_id
            FROM opportunity_share
            WHERE opportunity_share.employee_id = $3::UUID)) AS opportunity_2
        WHERE opportunity_2.status = $4::VARCHAR AND opportunity_2.amount IS NOT NULL GROUP BY opportunity_2.amount_currency) AS by_currency), '') || '],"probability":' || coalesce(('"' || (sum(opportunity_1.probability))::text || '"'), 'null') || '},"avg":{"amount":[' || coalesce(
    (SELECT string_agg(('{"amount":"' || (round(by_currency.amount, platform.minor(by_currency.currency) + 2))::text || '","currency":"' || (by_currency.currency)::text || '"}'), ',' ORDER BY by_currency.currency) AS anon_3
      FROM
      (SELECT opportunity_3.amount_currency AS currency, avg(opportunity_3.amount) AS amount
        FROM
        (SELECT opportunity.status AS status, opportunity.amount AS amount, opportunity.currency AS amount_currency
          FROM opportunity
          WHERE opportunity.deleted_at IS NULL AND opportunity.id IN
          (SELECT opportunity.id
            FROM opportunity
            WHERE opportunity.owner_id = ANY ($1::UUID[]) UNION ALL SELECT opportunity.id
            FROM opportunity
            WHERE opportunity.type_id = ANY ($2::UUID[]) UNION ALL SELECT opportunity_share.opportunity_id
            FROM opportunity_share
            WHERE opportunity_share.employee_id = $3::UUID)) AS opportunity_3
        WHERE opportunity_3.status = $4::VARCHAR AND opportunity_3.amount IS NOT NULL GROUP BY opportunity_3.amount_currency) AS by_currency), '') || '],"probability":' || coalesce(('"' || (round(avg(opportunity_1.probability), 2))::text || '"'), 'null') || '},"max":{"expectedCloseOn":' || coalesce(('"' || (max(opportunity_1.expected_close_on))::text || '"'), 'null') || '}}') AS anon_1
    FROM
    (SELECT opportunity.status AS status, opportunity.probability AS probability, opportunity.expected_close_on AS expected_close_on
      FROM opportunity
      WHERE opportunity.deleted_at IS NULL AND opportunity.id IN
      (SELECT opportunity.id
        FROM opportunity
        WHERE opportunity.owner_id = ANY ($1::UUID[]) UNION ALL SELECT opportunity.id
        FROM opportunity
        WHERE opportunity.type_id = ANY ($2::UUID[]) UNION ALL SELECT opportunity_share.opportunity_id
        FROM opportunity_share
        WHERE opportunity_share.employee_id = $3::UUID)) AS opportunity_1
    WHERE opportunity_1.status = $4::VARCHAR) || '}') AS json), 'UTF8') AS r0
-- $1: owners:Opportunity
-- $2: opened:share_rule.type_id
-- $3: viewer:employee
-- $4: p1
