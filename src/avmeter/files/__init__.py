"""Files on disk: replaced as a whole, never those of others, and read as strict JSON."""

from avmeter.files.atomic import StagedFiles, remove_stray_files, replacing, sync_folder, write_atomically
from avmeter.files.json_text import parse_json
from avmeter.files.listed_folder import add_to_list, refuse_unlisted_files
from avmeter.files.paths import expand_home, is_file, is_folder, is_there

__all__ = [
    "StagedFiles",
    "add_to_list",
    "expand_home",
    "is_file",
    "is_folder",
    "is_there",
    "parse_json",
    "refuse_unlisted_files",
    "remove_stray_files",
    "replacing",
    "sync_folder",
    "write_atomically",
]
