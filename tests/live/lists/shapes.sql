-- all records
SELECT opportunity_1_page.id AS id, convert_to(('{"@type":"Opportunity","weighted":' || coalesce(('{"amount":"' || (round(opportunity_1_page.weighted, platform.minor(opportunity_1_page.weighted_currency)))::text || '","currency":"' || (opportunity_1_page.weighted_currency)::text || '"}'), 'null') || ',"closeQuarter":[' || coalesce(('"' || (opportunity_1_page."expected_close_on_for_closeQuarter")::text || '"'), 'null') || '],"attributes":[{"key":"tier","text":' || coalesce(CASE WHEN (jsonb_typeof(opportunity_1_page."attribute_01941f60-6a80-7a87-96d9-5d6dcd3a2523") = 'string') THEN (to_json(opportunity_1_page."attribute_01941f60-6a80-7a87-96d9-5d6dcd3a2523" #>> '{}'))::text END, 'null') || ',"number":null},{"key":"seats","text":null,"number":' || coalesce(CASE WHEN (jsonb_typeof(opportunity_1_page."attribute_01941f97-5900-73ec-8ae1-204d717c9e12") = 'number') THEN ('"' || (opportunity_1_page."attribute_01941f97-5900-73ec-8ae1-204d717c9e12" #>> '{}')::text || '"') END, 'null') || '},{"key":"kickoff","text":null,"number":null},{"key":"strategic","text":null,"number":null}],"account":' || CASE WHEN (account_1.id IS NOT NULL) THEN ('{"addresses":' || address_list_1.json || '}') ELSE 'null' END || '}'), 'UTF8') AS r0, convert_to(('{"id":"opp_' || replace((opportunity_1_page.id)::text, '-', '') || '","version":' || (opportunity_1_page.version)::text || '}'), 'UTF8') AS r1
FROM
(SELECT opportunity_1.id AS id, opportunity_1.weighted AS weighted, opportunity_1.weighted_currency AS weighted_currency, opportunity_1."expected_close_on_for_closeQuarter" AS "expected_close_on_for_closeQuarter", opportunity_1.custom -> '01941f60-6a80-7a87-96d9-5d6dcd3a2523' AS "attribute_01941f60-6a80-7a87-96d9-5d6dcd3a2523", opportunity_1.custom -> '01941f97-5900-73ec-8ae1-204d717c9e12' AS "attribute_01941f97-5900-73ec-8ae1-204d717c9e12", opportunity_1.custom -> '01941fce-4780-7ab4-ad51-57b63aae36ff' AS "attribute_01941fce-4780-7ab4-ad51-57b63aae36ff", opportunity_1.custom -> '01942005-3600-76ba-91f9-4128f7dcc769' AS "attribute_01942005-3600-76ba-91f9-4128f7dcc769", opportunity_1.account_id AS account_id, opportunity_1.version AS version
  FROM
  (SELECT opportunity.id AS id, opportunity.amount * opportunity.probability * 0.01 AS weighted, opportunity.currency AS weighted_currency, opportunity.expected_close_on AS "expected_close_on_for_closeQuarter", opportunity.custom AS custom, opportunity.account_id AS account_id, opportunity.version AS version, opportunity.name AS name
    FROM opportunity
    WHERE opportunity.deleted_at IS NULL) AS opportunity_1
  WHERE platform.fold(opportunity_1.name) COLLATE "C" LIKE (platform.pattern($1::VARCHAR) || '%') ORDER BY opportunity_1.id ASC
  LIMIT 101) AS opportunity_1_page LEFT OUTER JOIN
(SELECT account.id AS id
  FROM account
  WHERE account.deleted_at IS NULL) AS account_1 ON account_1.id = opportunity_1_page.account_id LEFT OUTER JOIN LATERAL
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
    LIMIT 1) AS address_1_page) AS address_list_1 ON true ORDER BY opportunity_1_page.id ASC
-- $1: p1
-- those that changed
SELECT opportunity_1_page.id AS id, convert_to(('{"@type":"Opportunity","weighted":' || coalesce(('{"amount":"' || (round(opportunity_1_page.weighted, platform.minor(opportunity_1_page.weighted_currency)))::text || '","currency":"' || (opportunity_1_page.weighted_currency)::text || '"}'), 'null') || ',"closeQuarter":[' || coalesce(('"' || (opportunity_1_page."expected_close_on_for_closeQuarter")::text || '"'), 'null') || '],"attributes":[{"key":"tier","text":' || coalesce(CASE WHEN (jsonb_typeof(opportunity_1_page."attribute_01941f60-6a80-7a87-96d9-5d6dcd3a2523") = 'string') THEN (to_json(opportunity_1_page."attribute_01941f60-6a80-7a87-96d9-5d6dcd3a2523" #>> '{}'))::text END, 'null') || ',"number":null},{"key":"seats","text":null,"number":' || coalesce(CASE WHEN (jsonb_typeof(opportunity_1_page."attribute_01941f97-5900-73ec-8ae1-204d717c9e12") = 'number') THEN ('"' || (opportunity_1_page."attribute_01941f97-5900-73ec-8ae1-204d717c9e12" #>> '{}')::text || '"') END, 'null') || '},{"key":"kickoff","text":null,"number":null},{"key":"strategic","text":null,"number":null}],"account":' || CASE WHEN (account_1.id IS NOT NULL) THEN ('{"addresses":' || address_list_1.json || '}') ELSE 'null' END || '}'), 'UTF8') AS r0, convert_to(('{"id":"opp_' || replace((opportunity_1_page.id)::text, '-', '') || '","version":' || (opportunity_1_page.version)::text || '}'), 'UTF8') AS r1
FROM
(SELECT opportunity_1.id AS id, opportunity_1.weighted AS weighted, opportunity_1.weighted_currency AS weighted_currency, opportunity_1."expected_close_on_for_closeQuarter" AS "expected_close_on_for_closeQuarter", opportunity_1.custom -> '01941f60-6a80-7a87-96d9-5d6dcd3a2523' AS "attribute_01941f60-6a80-7a87-96d9-5d6dcd3a2523", opportunity_1.custom -> '01941f97-5900-73ec-8ae1-204d717c9e12' AS "attribute_01941f97-5900-73ec-8ae1-204d717c9e12", opportunity_1.custom -> '01941fce-4780-7ab4-ad51-57b63aae36ff' AS "attribute_01941fce-4780-7ab4-ad51-57b63aae36ff", opportunity_1.custom -> '01942005-3600-76ba-91f9-4128f7dcc769' AS "attribute_01942005-3600-76ba-91f9-4128f7dcc769", opportunity_1.account_id AS account_id, opportunity_1.version AS version
  FROM
  (SELECT opportunity.id AS id, opportunity.amount * opportunity.probability * 0.01 AS weighted, opportunity.currency AS weighted_currency, opportunity.expected_close_on AS "expected_close_on_for_closeQuarter", opportunity.custom AS custom, opportunity.account_id AS account_id, opportunity.version AS version, opportunity.name AS name
    FROM opportunity
    WHERE opportunity.deleted_at IS NULL) AS opportunity_1
  WHERE platform.fold(opportunity_1.name) COLLATE "C" LIKE (platform.pattern($1::VARCHAR) || '%') AND opportunity_1.id = ANY ($2::UUID[])) AS opportunity_1_page LEFT OUTER JOIN
(SELECT account.id AS id
  FROM account
  WHERE account.deleted_at IS NULL) AS account_1 ON account_1.id = opportunity_1_page.account_id LEFT OUTER JOIN LATERAL
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
-- $1: p1
-- $2: @ids
-- looks at: Account, Address, Opportunity
