"""The settings of a private cluster: everything is recorded, nothing is durable unless a kata asks for it."""

from __future__ import annotations

from collections.abc import Mapping

LOG_NAME = "statements"

_ALWAYS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "150",
    "superuser_reserved_connections": "20",
    "shared_buffers": "32MB",
    # Dynamic shared memory in files of the cluster: a killed server leaves nothing elsewhere.
    "dynamic_shared_memory_type": "mmap",
    "wal_level": "minimal",
    "wal_init_zero": "off",
    "max_wal_senders": "0",
    "max_wal_size": "128MB",
    "min_wal_size": "2MB",
    "checkpoint_timeout": "1h",
    "max_logical_replication_workers": "0",
    # Background work would make counts depend on the second in which the run happened.
    "autovacuum": "off",
    "update_process_title": "off",
}

# What makes the same statement cost the same in every run; these can be set for one role too.
STEADY: Mapping[str, str] = {
    "timezone": "UTC",
    "lc_messages": "C",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "synchronize_seqscans": "off",
    "temp_file_limit": "512MB",
}

RECORDING: Mapping[str, str] = {
    "log_statement": "all",
    "compute_query_id": "on",
    "log_parameter_max_length": "-1",
    "log_min_messages": "warning",
    "log_min_error_statement": "error",
    "log_error_verbosity": "default",
    "log_min_duration_statement": "-1",
    "log_duration": "off",
    "track_activities": "on",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_triggers": "off",
    "auto_explain.log_verbose": "off",
    "auto_explain.log_wal": "off",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_format": "json",
    "auto_explain.log_level": "log",
    "auto_explain.sample_rate": "1",
}

# For the sessions of the grader: nobody reads what they would write.
UNRECORDED: Mapping[str, str] = {"log_statement": "none", "auto_explain.log_min_duration": "-1"}

_COLLECTOR: Mapping[str, str] = {
    "shared_preload_libraries": "auto_explain",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": f"{LOG_NAME}.log",
    "log_file_mode": "0600",
    "log_rotation_age": "0",
    "log_rotation_size": "0",
    "log_timezone": "UTC",
}

# Not synchronous_commit: without it VACUUM finds rows whose commit is not written yet, and index-only scans then
# cost more in one run than in another.
_FAST: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off"}


def recording_settings(major: int) -> dict[str, str]:
    """What a server of that major version needs so that every statement, parameter and plan is in its log."""
    settings = dict(RECORDING)
    if major >= 16:
        settings["auto_explain.log_parameter_max_length"] = "-1"
    return settings


def log_format(major: int) -> str:
    """ "json" where PostgreSQL has it (15 and later), else "csv"."""
    return "json" if major >= 15 else "csv"


def configuration(major: int, *, port: int, durable: bool, recorded: bool) -> str:
    """The text of postgresql.conf. `recorded`: off while a template is made."""
    settings = {**_ALWAYS, **STEADY, "port": str(port)}
    if not durable or not recorded:
        settings |= _FAST
    if major >= 18:
        settings["io_method"] = "sync"
    if recorded:
        settings |= {**_COLLECTOR, **recording_settings(major)}
        settings["log_destination"] = f"{log_format(major)}log"
    return "".join(f"{name} = {quoted(value)}\n" for name, value in settings.items())


def quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
