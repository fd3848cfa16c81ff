SELECT convert_to(
(SELECT ('{"nodes":[' || coalesce(string_agg(('{"name":' || coalesce((to_json(account_1_page.name))::text, 'null') || ',"addresses":' || address_list_2.json || '}'), ',' ORDER BY account_1_page.key_1 ASC), '') || ']}') AS json
  FROM
  (SELECT account_1.id AS key_1, account_1.name AS name, account_1.id AS id
    FROM
    (SELECT account.id AS id, account.name AS name
      FROM account
      WHERE account.deleted_at IS NULL) AS account_1
    WHERE EXISTS
    (SELECT 1 AS anon_1
      FROM
      (SELECT address.head_office AS head_office, address.account_id AS account_id
        FROM address
        WHERE address.deleted_at IS NULL AND (EXISTS
        (SELECT 1 AS anon_2
          FROM account
          WHERE account.id = address.account_id AND account.deleted_at IS NULL))) AS address_3
      WHERE address_3.account_id = account_1.id AND address_3.head_office = $1::BOOLEAN) ORDER BY account_1.id ASC
    LIMIT 2) AS account_1_page LEFT OUTER JOIN LATERAL
  (SELECT ('{"totalCount":' || (
    (SELECT count(*) AS count_1
      FROM
      (SELECT address.account_id AS account_id
        FROM address
        WHERE address.deleted_at IS NULL AND (EXISTS
        (SELECT 1 AS anon_3
          FROM account
          WHERE account.id = address.account_id AND account.deleted_at IS NULL))) AS address_2
      WHERE address_2.account_id = account_1_page.id))::text || ',"nodes":[' || coalesce(string_agg(('{"street":null,"postcode":' || coalesce((to_json(address_1_page.postcode))::text, 'null') || ',"headOffice":' || (address_1_page.head_office)::text || '}'), ',' ORDER BY address_1_page.key_1 ASC NULLS LAST, address_1_page.key_2 ASC), '') || ']}') AS json
    FROM
    (SELECT platform.fold(address_1.postcode) COLLATE "C" AS key_1, address_1.id AS key_2, address_1.postcode AS postcode, address_1.head_office AS head_office
      FROM
      (SELECT address.postcode AS postcode, address.id AS id, address.head_office AS head_office, address.account_id AS account_id
        FROM address
        WHERE address.deleted_at IS NULL AND (EXISTS
        (SELECT 1 AS anon_4
          FROM account
          WHERE account.id = address.account_id AND account.deleted_at IS NULL))) AS address_1
      WHERE address_1.account_id = account_1_page.id ORDER BY platform.fold(address_1.postcode) COLLATE "C" ASC NULLS LAST, address_1.id ASC
      LIMIT 2) AS address_1_page) AS address_list_2 ON true), 'UTF8') AS r0, convert_to(
(SELECT ('{"nodes":[' || coalesce(string_agg(('{"city":' || coalesce((to_json(address_4_page.city))::text, 'null') || ',"account":' || CASE WHEN (account_2.id IS NOT NULL) THEN ('{"name":' || coalesce((to_json(account_2.name))::text, 'null') || '}') ELSE 'null' END || '}'), ',' ORDER BY address_4_page.key_1 ASC), '') || ']}') AS json
  FROM
  (SELECT address_4.id AS key_1, address_4.city AS city, address_4.account_id AS account_id
    FROM
    (SELECT address.id AS id, address.city AS city, address.account_id AS account_id
      FROM address
      WHERE address.deleted_at IS NULL AND (EXISTS
      (SELECT 1 AS anon_5
        FROM account
        WHERE account.id = address.account_id AND account.deleted_at IS NULL))) AS address_4
    WHERE address_4.city IS NOT NULL ORDER BY address_4.id ASC
    LIMIT 1) AS address_4_page LEFT OUTER JOIN
  (SELECT account.id AS id, account.name AS name
    FROM account
    WHERE account.deleted_at IS NULL) AS account_2 ON account_2.id = address_4_page.account_id), 'UTF8') AS r1
-- $1: p1
-- denied: Address.street (hidden)
