-- all records
SELECT opportunity_1.id AS id, convert_to(('{"@type":"Opportunity","weighted":' || coalesce(('{"amount":"' || (round(opportunity_1.weighted, platform.minor(opportunity_1.weighted_currency)))::text || '","currency":"' || (opportunity_1.weighted_currency)::text || '"}'), 'null') || ',"closeQuarter":[' || coalesce(('"' || (opportunity_1."expected_close_on_for_closeQuarter")::text || '"'), 'null') || '],"attributes":[{"key":"tier","text":' || coalesce(CASE WHEN (jsonb_typeof(opportunity_1.custom -> '01941f60-6a80-7a87-96d9-5d6dcd3a2523') = 'string') THEN (to_json((opportunity_1.custom -> '01941f60-6a80-7a87-96d9-5d6dcd3a2523') #>> '{}'))::text END, 'null') || ',"number":null},{"key":"seats","text":null,"number":' || coalesce(CASE WHEN (jsonb_typeof(opportunity_1.custom -> '01941f97-5900-73ec-8ae1-204d717c9e12') = 'number') THEN ('"' || ((opportunity_1.custom -> '01941f97-5900-73ec-8ae1-204d717c9e12') #>> '{}')::text || '"') END, 'null') || '},{"key":"kickoff","text":null,"number":null},{"key":"strategic","text":null,"number":null}],"account":' || CASE WHEN (account_1.id IS NOT NULL) THEN ('{"addresses":' || address_list_1.json || '}') ELSE 'null' END || '}'), 'UTF8') AS r0, convert_to(('{"id":"opp_' || replace((opportunity_1.id)::text, '-', '') || '","version":' || (opportunity_1.version)::text || '}'), 'UTF8') AS r1
FROM
(SELECT opportunity.amount * opportunity.probability * 0.01 AS weighted, opportunity.currency AS weighted_currency, opportunity.expected_close_on AS "expected_close_on_for_closeQuarter", opportunity.custom AS custom, opportunity.account_id AS account_id, opportunity.id AS id, opportunity.version AS version, opportunity.name AS name
  FROM opportunity
  WHERE opportunity.deleted_at IS NULL) AS opportunity_1 LEFT OUTER JOIN
(SELECT account.id AS id
  FROM account
  WHERE account.deleted_at IS NULL) AS account_1 ON account_1.id = opportunity_1.account_id LEFT OUTER JOIN LATERAL
(SELECT ('{"nodes":[' || coalesce(string_agg(('{"city":' || coalesce((to_json(address_1_page.city))::text, 'null') || '}'), ',' ORDER BY address_1_page.key_1 ASC), '') || ']}') AS json
  FROM
  (SELECT address_1.id AS key_1, address_1.city AS city
    FROM
    (SELECT address.id AS id, address.city AS city, address.account_id AS account_id
      FROM address
      WHERE address.deleted_at IS NULL AND (EXISTS
      (SELECT 1 AS anon_1
        FROM account
        WHERE account.id = address.account_id AND account.deleted_at IS NULL))) AS address_1
    WHERE address_1.account_id = account_1.id ORDER BY address_1.id ASC
    LIMIT 1) AS address_1_page) AS address_list_1 ON true
WHERE platform.fold(opportunity_1.name) COLLATE "C" LIKE (platform.pattern($1::VARCHAR) || '%')
LIMIT 101
-- $1: p1
-- those that changed
SELECT opportunity_1.id AS id, convert_to(('{"@type":"Opportunity","weighted":' || coalesce(('{"amount":"' || (round(opportunity_1.weighted, platform.minor(opportunity_1.weighted_currency)))::text || '","currency":"' || (opportunity_1.weighted_currency)::text || '"}'), 'null') || ',"closeQuarter":[' || coalesce(('"' || (opportunity_1."expected_close_on_for_closeQuarter")::text || '"'), 'null') || '],"attributes":[{"key":"tier","text":' || coalesce(CASE WHEN (jsonb_typeof(opportunity_1.custom -> '01941f60-6a80-7a87-96d9-5d6dcd3a2523') = 'string') THEN (to_json((opportunity_1.custom -> '01941f60-6a80-7a87-96d9-5d6dcd3a2523') #>> '{}'))::text END, 'null') || ',"number":null},{"key":"seats","text":null,"number":' || coalesce(CASE WHEN (jsonb_typeof(opportunity_1.custom -> '01941f97-5900-73ec-8ae1-204d717c9e12') = 'number') THEN ('"' || ((opportunity_1.custom -> '01941f97-5900-73ec-8ae1-204d717c9e12') #>> '{}')::text || '"') END, 'null') || '},{"key":"kickoff","text":null,"number":null},{"key":"strategic","text":null,"number":null}],"account":' || CASE WHEN (account_1.id IS NOT NULL) THEN ('{"addresses":' || address_list_1.json || '}') ELSE 'null' END || '}'), 'UTF8') AS r0, convert_to(('{"id":"opp_' || replace((opportunity_1.id)::text, '-', '') || '","version":' || (opportunity_1.version)::text || '}'), 'UTF8') AS r1
FROM
(SELECT opportunity.amount * opportunity.probability * 0.01 AS weighted, opportunity.currency AS weighted_currency, opportunity.expected_close_on AS "expected_close_on_for_closeQuarter", opportunity.custom AS custom, opportunity.account_id AS account_id, opportunity.id AS id, opportunity.version AS version, opportunity.name AS name
  FROM opportunity
  WHERE opportunity.deleted_at IS NULL) AS opportunity_1 LEFT OUTER JOIN
(SELECT account.id AS id
  FROM account
  WHERE account.deleted_at IS NULL) AS account_1 ON account_1.id = opportunity_1.account_id LEFT OUTER JOIN LATERAL
(SELECT ('{"nodes":[' || coalesce(string_agg(('{"city":' || coalesce((to_json(address_1_page.city))::text, 'null') || '}'), ',' ORDER BY address_1_page.key_1 ASC), '') || ']}') AS json
  FROM
  (SELECT address_1.id AS key_1, address_1.city AS city
    FROM
    (SELECT address.id AS id, address.city AS city, address.account_id AS account_id
      FROM address
      WHERE address.deleted_at IS NULL AND (EXISTS
      (SELECT 1 AS anon_1
        FROM account
        WHERE account.id = address.account_id AND account.deleted_at IS NULL))) AS address_1
    WHERE address_1.account_id = account_1.id ORDER BY address_1.id ASC
    LIMIT 1) AS address_1_page) AS address_list_1 ON true
WHERE platform.fold(opportunity_1.name) COLLATE "C" LIKE (platform.pattern($1::VARCHAR) || '%') AND opportunity_1.id = ANY ($2::UUID[])
-- $1: p1
-- $2: @ids
-- looks at: Account, Address, Opportunity
