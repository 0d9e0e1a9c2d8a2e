"""Whose line an installer's error is about, from what pip and npm print."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graders.submission.installers import Inputs, installer_of
from graders.submission.installers.requirements import lines_of, local_folders, read_all

FILES = {
    "requirements.txt": b"alpha==9.9\n# a comment\nBe_Ta.x[extra]==1 ; python_version > '3'  # pinned\n"
    b"gamma \\\n  ==1.0\n-r more/base.txt\nhttps://example.com/delta-1.zip#egg=delta\n",
    "more/base.txt": b"epsilon\n",
}
COLLECTING = """\
Collecting alpha==9.9 (from -r requirements.txt (line 1))
Collecting gamma==1.0 (from -r requirements.txt (line 4))
  error: subprocess-exited-with-error
error: metadata-generation-failed"""
PACKAGES = {
    "package.json": json.dumps({"dependencies": {"express": "5", "@scope/tool": "1"}}, indent=2).encode(),
    "package-lock.json": json.dumps({"packages": {"node_modules/ms": {"version": "2"}}}, indent=2).encode(),
}


@pytest.mark.parametrize(
    ("printed", "where"),
    [
        ("ERROR: No matching distribution found for alpha==9.9", "requirements.txt line 1 (`alpha==9.9`)"),
        ("ERROR: No matching distribution found for be-ta-x==1", "requirements.txt line 3"),
        ("ERROR: No matching distribution found for gamma==1.0", "requirements.txt line 4"),
        (
            "ERROR: Invalid requirement: 'epsilon' (from line 1 of more/base.txt)",
            "more/base.txt line 1 (`epsilon`)",
        ),
        ("ERROR: Cannot install -r requirements.txt (line 4) and x==2 because", "requirements.txt line 4"),
        (
            "  ERROR: Failed building wheel for gamma\nERROR: Could not build wheels for gamma",
            "requirements.txt line 4",
        ),
        (
            COLLECTING,
            "requirements.txt line 4",
        ),
    ],
)
def test_the_line_that_pip_was_at(printed: str, where: str) -> None:
    said = installer_of("pip").blame(printed, Inputs(FILES))
    assert said.startswith(where)
    assert printed.splitlines()[-1].split(": ")[-1] in said


def test_a_transitive_package_is_told_in_pip_s_words_alone() -> None:
    printed = "ERROR: No matching distribution found for omega>=1"
    assert installer_of("pip").blame(printed, Inputs(FILES)) == "No matching distribution found for omega>=1"


@pytest.mark.parametrize(
    ("printed", "where"),
    [
        ("npm error 404  'express@99' is not in this registry.", 'package.json line 3 (`"express": "5"`)'),
        (
            "npm error 404 Not Found - GET https://registry.example/npm/@scope%2ftool - Not found",
            "package.json line 4",
        ),
        ("npm error 404 Not Found - GET https://registry.example/ms/-/ms-2.tgz", "package-lock.json line 3"),
        ("npm error notarget No matching version found for @scope/tool@1.", "package.json line 4"),
        ("npm error Missing: express@5.1.0 from lock file", "package.json line 3"),
        (
            "npm error path /cache/environments/x/node_modules/@scope/tool\nnpm error command failed",
            "package.json line 4",
        ),
        ("npm ERR! notarget No matching version found for express@99", "package.json line 3"),
    ],
)
def test_the_entry_that_npm_was_at(printed: str, where: str) -> None:
    assert installer_of("npm").blame(printed, Inputs(PACKAGES)).startswith(where)


def test_requirements_are_read_as_logical_lines() -> None:
    lines = [
        (line.number, line.text, line.name)
        for line in lines_of("requirements.txt", FILES["requirements.txt"])
    ]
    assert lines[:3] == [
        (1, "alpha==9.9", "alpha"),
        (3, "Be_Ta.x[extra]==1 ; python_version > '3'", "be-ta-x"),
        (4, "gamma    ==1.0", "gamma"),
    ]
    assert [name for _, _, name in lines[3:]] == ["", ""]


@pytest.mark.parametrize(
    ("line", "folder"),
    [("-e .", "."), ("-e ./lib[extra]", "lib"), ("--editable=.", "."), ("./lib", "lib"),
     ("./lib ; python_version > '3'", "lib"), (".", "."),
     ("-e git+https://example.com/x.git#egg=x", None), ("lib", None), ("-r ./base.txt", None),
     (".5", None)],
)  # fmt: skip
def test_folders_of_the_repository_are_known_from_packages(line: str, folder: str | None) -> None:
    found = [inside for _, inside, _ in local_folders({"requirements.txt": f"{line}\n".encode()})]
    assert found == ([] if folder is None else [folder])


def test_an_include_that_includes_itself_ends() -> None:
    files = {"a.txt": b"-r b.txt\n", "b.txt": b"-r a.txt\nalpha\n"}
    assert read_all("a.txt", lambda name: files[name]) == files


@pytest.mark.parametrize(
    ("installer", "printed", "module"),
    [
        ("pip", "Traceback\nModuleNotFoundError: No module named 'redis.asyncio'", "redis.asyncio"),
        ("npm", "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'redis' imported from /x/app.js", "redis"),
        ("npm", "Error: Cannot find module '@scope/tool/sub'\nRequire stack:", "@scope/tool"),
        ("npm", "Error: Cannot find module './routes.js'", None),
        ("npm", "Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/work/src/x.js'", None),
    ],
)
def test_a_module_that_is_not_installed_is_found_in_what_a_service_prints(
    installer: str, printed: str, module: str | None
) -> None:
    pattern = installer_of(installer).missing_module
    assert pattern is not None
    found = pattern.search(printed)
    assert (found[1] if found else None) == module


def test_a_configuration_of_npm_is_passed_on_by_name(tmp_path: Path) -> None:
    (tmp_path / "npmrc").write_text(
        "registry=https://registry.example/\n@own:registry=https://own.example/\n//own.example/:_authToken=${TOKEN}\n"
        "prefix=/nowhere\nglobal=true\nomit=prod\nscript-shell=/bin/false\nstrict-ssl=false\n"
    )
    caller = {"TOKEN": "s3cr3t", "npm_config_https_proxy": "http://proxy:3128", "npm_config_global": "true"}
    settings = installer_of("npm").settings(caller, lambda _: f"userconfig={tmp_path / 'npmrc'}\n")
    assert settings.private["npmrc"].splitlines() == [
        "registry=https://registry.example/",
        "@own:registry=https://own.example/",
        "//own.example/:_authToken=s3cr3t",
        "strict-ssl=false",
        "https-proxy=http://proxy:3128",
    ]
    assert "s3cr3t" not in json.dumps(dict(settings.variables))
    assert set(settings.variables) == {
        "npm_config_userconfig", "npm_config_globalconfig", "npm_config_update_notifier",
    }  # fmt: skip


def test_credentials_of_an_index_are_kept_out_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text(
        "machine own.example login me password w0rd\nmachine other.example login me password elsewhere\n"
    )
    settings = installer_of("pip").settings(
        {
            "HOME": str(tmp_path),
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_INDEX_URL": "https://buyer:s3cr%40t@index.example/simple",
            "PIP_EXTRA_INDEX_URL": "https://own.example/simple",
        },
        lambda _: "",
    )
    assert settings.variables["PIP_INDEX_URL"] == "https://index.example/simple"
    assert settings.private["netrc"].splitlines() == [
        "machine own.example login me password w0rd",
        "machine index.example login buyer password s3cr@t",
    ]
