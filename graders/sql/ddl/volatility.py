"""Default expressions that PostgreSQL evaluates once, and those that it evaluates for each row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# pg_proc of PostgreSQL 18: names of pg_catalog whose every overload is immutable or stable. Others are
# taken to be volatile, as PostgreSQL does with a function that declares nothing.
_STEADY = frozenset(
    """
    abbrev abs acldefault acos acosd acosh age area array_append array_cat array_dims array_fill
    array_length array_lower array_ndims array_position array_positions array_prepend array_remove
    array_replace array_reverse array_sort array_to_json array_to_string array_to_tsvector array_upper
    ascii asin asind asinh atan atan2 atan2d atand atanh bit bit_count bit_length bool bound_box box
    bpchar broadcast btrim bytea cardinality casefold cash_words cbrt ceil ceiling center char
    char_length character_length chr cidr circle col_description concat concat_ws convert convert_from
    convert_to cos cosd cosh cot cotd crc32 crc32c current_database current_schema date date_add
    date_bin date_part date_subtract date_trunc datemultirange daterange decode degrees diagonal
    diameter div encode enum_first enum_last enum_range erf erfc exp extract factorial family float4
    float8 floor format format_type gamma gcd get_bit get_byte get_current_ts_config getdatabaseencoding
    getpgusername height host hostmask in_range inet_client_addr inet_client_port inet_merge
    inet_same_family inet_server_addr inet_server_port initcap int2 int4 int4multirange int4range int8
    int8multirange int8range interval is_normalized isclosed isempty isfinite ishorizontal isopen
    isparallel isperp isvertical json_array_length json_build_array json_build_object json_object
    json_populate_record json_strip_nulls json_to_record json_to_tsvector json_typeof jsonb_array_length
    jsonb_build_array jsonb_build_object jsonb_insert jsonb_object jsonb_path_exists
    jsonb_path_exists_tz jsonb_path_match jsonb_path_match_tz jsonb_path_query_array
    jsonb_path_query_array_tz jsonb_path_query_first jsonb_path_query_first_tz jsonb_populate_record
    jsonb_populate_record_valid jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_to_record
    jsonb_to_tsvector jsonb_typeof justify_days justify_hours justify_interval lcm left length lgamma
    like like_escape line ln log log10 lower lower_inf lpad lseg ltrim macaddr macaddr8 macaddr8_set7bit
    make_date make_interval make_time make_timestamp make_timestamptz makeaclitem masklen md5 min_scale
    mod money multirange mxid_age name netmask network normalize notlike now npoints num_nonnulls
    num_nulls numeric nummultirange numnode numrange obj_description octet_length oid overlaps overlay
    parse_ident path pclose phraseto_tsquery pi plainto_tsquery point polygon popen position pow power
    quote_ident quote_literal quote_nullable radians radius range_merge regclass regexp_count
    regexp_instr regexp_like regexp_match regexp_replace regexp_split_to_array regexp_substr repeat
    replace reverse right round row_security_active row_to_json rpad rtrim scale set_bit set_byte
    set_masklen setweight sha224 sha256 sha384 sha512 shobj_description sign similar_escape
    similar_to_escape sin sind sinh slope split_part sqrt statement_timestamp string_to_array strip
    strpos substr substring system_user tan tand tanh text texticlike time timestamp timestamptz timetz
    timezone to_ascii to_bin to_char to_date to_hex to_json to_jsonb to_number to_oct to_regclass
    to_regcollation to_regnamespace to_regoper to_regoperator to_regproc to_regprocedure to_regrole
    to_regtype to_regtypemod to_timestamp to_tsquery to_tsvector transaction_timestamp translate
    trim_array trim_scale trunc ts_delete ts_filter ts_headline ts_rank ts_rank_cd tsmultirange tsrange
    tstzmultirange tstzrange tsvector_to_array txid_current txid_current_if_assigned
    txid_current_snapshot txid_snapshot_xmax txid_snapshot_xmin txid_visible_in_snapshot
    unicode_assigned unistr upper upper_inf uuid_extract_timestamp varbit varchar websearch_to_tsquery
    width width_bucket xid xml xml_is_well_formed xml_is_well_formed_content xml_is_well_formed_document
    xmlcomment xmlexists xmltext xmlvalidate xpath xpath_exists
    """.split()  # noqa: SIM905
)


def may_be_volatile(expression: Any) -> bool:
    """True where a parse tree of libpg_query calls a function that may answer differently for each row."""
    return any(name not in _STEADY for name in _called(expression))


def _called(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _called(item)
    elif isinstance(node, dict):
        call = node.get("FuncCall")
        if isinstance(call, dict):
            yield _last_name(call.get("funcname", []))
        for value in node.values():
            yield from _called(value)


def _last_name(names: list[Any]) -> str:
    parts = [str(name.get("String", {}).get("sval", "")) for name in names]
    return parts[-1] if parts and parts[:-1] in ([], ["pg_catalog"]) else ".".join(parts)
