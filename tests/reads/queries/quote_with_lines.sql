SELECT convert_to(
(SELECT ('{"nodes":[' || coalesce(string_agg(('{"number":' || (to_json(quote_1_page.number))::text || ',"name":' || (to_json(quote_1_page.name))::text || ',"currency":' || (to_json(quote_1_page.currency))::text || ',"active":' || (quote_1_page.active)::text || ',"discountPercent":null,"net":' || coalesce(('{"amount":"' || (round(quote_1_page.net, platform.minor(quote_1_page.net_currency)))::text || '","currency":"' || (quote_1_page.net_currency)::text || '"}'), 'null') || ',"tax":' || coalesce(('{"amount":"' || (round(quote_1_page.tax, platform.minor(quote_1_page.tax_currency)))::text || '"}'), 'null') || ',"total":' || coalesce(('{"amount":"' || (round(quote_1_page.total, platform.minor(quote_1_page.total_currency)))::text || '"}'), 'null') || ',"opportunity":' || CASE WHEN (opportunity_1.id IS NOT NULL) THEN ('{"name":' || (to_json(opportunity_1.name))::text || ',"account":' || CASE WHEN (account_1.id IS NOT NULL) THEN ('{"name":' || coalesce((to_json(account_1.name))::text, 'null') || '}') ELSE 'null' END || '}') ELSE 'null' END || ',"items":' || quote_item_list_2.json || '}'), ',' ORDER BY quote_1_page.key_1 DESC NULLS LAST, quote_1_page.key_2 ASC, quote_1_page.key_3 ASC), '') || ']}') AS json
  FROM
  (SELECT quote_1.total AS key_1, platform.fold(quote_1.number) COLLATE "C" AS key_2, quote_1.id AS key_3, quote_1.number AS number, quote_1.name AS name, quote_1.currency AS currency, quote_1.active AS active, quote_1.net AS net, quote_1.net_currency AS net_currency, quote_1.tax AS tax, quote_1.tax_currency AS tax_currency, quote_1.total AS total, quote_1.total_currency AS total_currency, quote_1.opportunity_id AS opportunity_id, quote_1.id AS id
    FROM
    (SELECT quote.total AS total, quote.number AS number, quote.id AS id, quote.name AS name, quote.currency AS currency, quote.active AS active, quote.net AS net, quote.currency AS net_currency, quote.tax AS tax, quote.currency AS tax_currency, quote.currency AS total_currency, quote.opportunity_id AS opportunity_id, quote.valid_until AS valid_until
      FROM quote
      WHERE quote.deleted_at IS NULL AND (EXISTS
      (SELECT 1 AS anon_1
        FROM opportunity
        WHERE opportunity.id = quote.opportunity_id AND opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($1::UUID[]) OR opportunity.type_id = ANY ($2::UUID[]) OR (EXISTS
        (SELECT 1 AS anon_2
          FROM opportunity_share
          WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)))))) AS quote_1
    WHERE (quote_1.valid_until < $4::DATE) IS NOT true AND quote_1.active = $5::BOOLEAN ORDER BY quote_1.total DESC NULLS LAST, platform.fold(quote_1.number) COLLATE "C" ASC, quote_1.id ASC
    LIMIT 2) AS quote_1_page LEFT OUTER JOIN
  (SELECT opportunity.id AS id, opportunity.name AS name, opportunity.account_id AS account_id
    FROM opportunity
    WHERE opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($1::UUID[]) OR opportunity.type_id = ANY ($2::UUID[]) OR (EXISTS
    (SELECT 1 AS anon_3
      FROM opportunity_share
      WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)))) AS opportunity_1 ON opportunity_1.id = quote_1_page.opportunity_id LEFT OUTER JOIN
  (SELECT account.id AS id, account.name AS name
    FROM account
    WHERE account.deleted_at IS NULL) AS account_1 ON account_1.id = opportunity_1.account_id LEFT OUTER JOIN LATERAL
  (SELECT ('{"totalCount":' || (
    (SELECT count(*) AS count_1
      FROM
      (SELECT quote_item.quote_id AS quote_id
        FROM quote_item
        WHERE quote_item.deleted_at IS NULL AND (EXISTS
        (SELECT 1 AS anon_4
          FROM quote
          WHERE quote.id = quote_item.quote_id AND quote.deleted_at IS NULL AND (EXISTS
          (SELECT 1 AS anon_5
            FROM opportunity
            WHERE opportunity.id = quote.opportunity_id AND opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($1::UUID[]) OR opportunity.type_id = ANY ($2::UUID[]) OR (EXISTS
            (SELECT 1 AS anon_6
              FROM opportunity_share
              WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)))))))) AS quote_item_2
      WHERE quote_item_2.quote_id = quote_1_page.id))::text || ',"nodes":[' || coalesce(string_agg(('{"position":' || (quote_item_1_page.position)::text || ',"kind":"' || (quote_item_1_page.kind)::text || '","name":' || (to_json(quote_item_1_page.name))::text || ',"quantity":"' || (quote_item_1_page.quantity)::text || '","unitPrice":' || coalesce(('{"amount":"' || (round(quote_item_1_page.unit_price, platform.minor(quote_item_1_page.unit_price_currency)))::text || '"}'), 'null') || ',"discountPercent":null,"taxPercent":' || coalesce(('"' || (quote_item_1_page.tax_percent)::text || '"'), 'null') || ',"total":' || coalesce(('{"amount":"' || (round(quote_item_1_page.total, platform.minor(quote_item_1_page.total_currency)))::text || '"}'), 'null') || ',"product":' || CASE WHEN (product_1.id IS NOT NULL) THEN ('{"code":' || coalesce((to_json(product_1.code))::text, 'null') || '}') ELSE 'null' END || '}'), ',' ORDER BY quote_item_1_page.key_1 ASC, quote_item_1_page.key_2 ASC), '') || ']}') AS json
    FROM
    (SELECT quote_item_1.position AS key_1, quote_item_1.id AS key_2, quote_item_1.position AS position, quote_item_1.kind AS kind, quote_item_1.name AS name, quote_item_1.quantity AS quantity, quote_item_1.unit_price AS unit_price, quote_item_1.unit_price_currency AS unit_price_currency, quote_item_1.tax_percent AS tax_percent, quote_item_1.total AS total, quote_item_1.total_currency AS total_currency, quote_item_1.product_id AS product_id
      FROM
      (SELECT quote_item.position AS position, quote_item.id AS id, quote_item.kind AS kind, quote_item.name AS name, quote_item.quantity AS quantity, quote_item.unit_price AS unit_price, quote_item.currency AS unit_price_currency, quote_item.tax_percent AS tax_percent, quote_item.total AS total, quote_item.currency AS total_currency, quote_item.product_id AS product_id, quote_item.quote_id AS quote_id
        FROM quote_item
        WHERE quote_item.deleted_at IS NULL AND (EXISTS
        (SELECT 1 AS anon_7
          FROM quote
          WHERE quote.id = quote_item.quote_id AND quote.deleted_at IS NULL AND (EXISTS
          (SELECT 1 AS anon_8
            FROM opportunity
            WHERE opportunity.id = quote.opportunity_id AND opportunity.deleted_at IS NULL AND (opportunity.owner_id = ANY ($1::UUID[]) OR opportunity.type_id = ANY ($2::UUID[]) OR (EXISTS
            (SELECT 1 AS anon_9
              FROM opportunity_share
              WHERE opportunity_share.opportunity_id = opportunity.id AND opportunity_share.employee_id = $3::UUID AND opportunity_share.deleted_at IS NULL)))))))) AS quote_item_1
      WHERE quote_item_1.quote_id = quote_1_page.id ORDER BY quote_item_1.position ASC, quote_item_1.id ASC
      LIMIT 3) AS quote_item_1_page LEFT OUTER JOIN
    (SELECT product.id AS id, product.code AS code
      FROM product
      WHERE product.deleted_at IS NULL) AS product_1 ON product_1.id = quote_item_1_page.product_id) AS quote_item_list_2 ON true), 'UTF8') AS r0
-- $1: owners:Opportunity
-- $2: shared:share_rule.type_id:share_rule.role_id
-- $3: viewer:employee
-- $4: p1
-- $5: p2
-- denied: Quote.discountPercent (hidden)
-- denied: QuoteItem.discountPercent (hidden)
