create function charge_once(
    the_client text, the_key text, the_payload jsonb, ttl_seconds integer,
    out replayed boolean, out reused boolean, out status integer, out location text, out body jsonb
) language plpgsql as $$
declare
    the_account bigint := the_payload ->> 'account_id';
    the_amount bigint := the_payload ->> 'amount_cents';
    stored idempotency_keys;
    balance bigint;
    payment bigint;
begin
    loop
        delete from idempotency_keys k
        where k.client_id = the_client and k.key = the_key and k.expires_at <= clock_timestamp();
        insert into idempotency_keys (client_id, key, payload) values (the_client, the_key, the_payload)
        on conflict do nothing;
        exit when found;
        select * into stored from idempotency_keys k where k.client_id = the_client and k.key = the_key;
        if found then
            reused := stored.payload <> the_payload;
            replayed := true;
            status := stored.status;
            location := stored.location;
            body := stored.body;
            return;
        end if;
    end loop;

    replayed := false;
    reused := false;
    update accounts set balance_cents = balance_cents - the_amount
    where id = the_account and balance_cents >= the_amount
    returning balance_cents into balance;
    if found then
        insert into payments (account_id, amount_cents, reference)
        values (the_account, the_amount, the_payload ->> 'reference')
        returning id into payment;
        status := 201;
        location := '/payments/' || payment;
        body := jsonb_build_object('id', payment, 'balance_cents', balance) || the_payload;
    elsif exists (select 1 from accounts where id = the_account) then
        status := 402;
        body := '{"type": "about:blank", "title": "Payment Required", "status": 402,
                  "detail": "The account does not hold enough money."}';
    else
        status := 404;
        body := '{"type": "about:blank", "title": "Not Found", "status": 404,
                  "detail": "There is no such account."}';
    end if;

    update idempotency_keys k
    set status = charge_once.status, location = charge_once.location, body = charge_once.body,
        expires_at = clock_timestamp() + ttl_seconds * interval '1 second'
    where k.client_id = the_client and k.key = the_key;
end
$$;
