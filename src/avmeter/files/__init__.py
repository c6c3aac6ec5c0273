"""Files on disk: replaced as a whole, never those of others, and read as strict JSON; and names of files elsewhere."""

from avmeter.files.atomic import StagedFiles, remove_stray_files, replacing, sync_folder, write_atomically
from avmeter.files.json_text import parse_json
from avmeter.files.listed_folder import add_to_list, refuse_unlisted_files
from avmeter.files.paths import expand_home, is_file, is_folder, is_there
from avmeter.files.regular import open_regular, read_regular
from avmeter.files.urls import SCHEMES, Url, as_location, as_url, without_credentials

__all__ = [
    "SCHEMES",
    "StagedFiles",
    "Url",
    "add_to_list",
    "as_location",
    "as_url",
    "expand_home",
    "is_file",
    "is_folder",
    "is_there",
    "open_regular",
    "parse_json",
    "read_regular",
    "refuse_unlisted_files",
    "remove_stray_files",
    "replacing",
    "sync_folder",
    "without_credentials",
    "write_atomically",
]
