"""Files that lie elsewhere: behind URLs, in tar shards, in Parquet tables; read in place where that can be.

addresses   which hosts may be connected to             http_transport, web_file    http and https
retrying    how often a request is made again           object_store                s3, gs, az, hf ... through fsspec
content     bytes by position, as a seekable file       remote                      a file behind a URL
cache       bounded copies on this disk                 tar, parquet                files inside of files
"""

from avmeter.sources.content import Content
from avmeter.sources.opening import open_stored, stored_key
from avmeter.sources.remote import fetch, hash_of, require_network

__all__ = ["Content", "fetch", "hash_of", "open_stored", "require_network", "stored_key"]
