"""S3 as SageMaker uses it: channels in, model archives in and out."""
import json
import tarfile
from pathlib import Path
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from . import aws


class StorageError(Exception):
    """Something that SageMaker would report as a ClientError of the job."""


def _s3(region: str | None = None):
    """S3 as seen from a region, the running request's by default: a bucket of another one is out of reach."""
    return aws.client("s3", region_name=region or aws.region())


def region_of(uri: str) -> str | None:
    """The region of a URI's bucket; None where there is no such bucket."""
    from ministack.services import s3

    return s3.bucket_region(split_uri(uri)[0])


def split_uri(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri)
    if parts.scheme != "s3" or not parts.netloc:
        raise StorageError(f"not an S3 URI: {uri}")
    return parts.netloc, uri.split(parts.netloc, 1)[1].lstrip("/")


def list_prefix(uri: str) -> list[tuple[str, str, str]]:
    """(bucket, key, path relative to the prefix) of every object under an S3Prefix, sorted by key."""
    bucket, prefix = split_uri(uri)
    found = []
    try:
        for page in _s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                if not item["Key"].endswith("/"):
                    found.append((bucket, item["Key"], _relative(item["Key"], prefix)))
    except ClientError as error:
        raise StorageError(f"{_said(error)} when listing {uri}") from None
    if not found:
        raise StorageError(f'No S3 objects found under S3 URL "{uri}" given in input data source. '
                           "Please ensure that the bucket exists in the selected region, that objects exist under "
                           "that S3 prefix, and that the role has \"s3:ListBucket\" permissions on the bucket")
    return found


def list_manifest(uri: str) -> list[tuple[str, str, str]]:
    """The same for a ManifestFile: [{"prefix": "s3://..."}, "relative/path", ...]."""
    try:
        head, *relatives = json.loads(read(uri))
        base = head["prefix"]
    except (ValueError, TypeError, KeyError):
        raise StorageError(f"{uri} is not a manifest: a JSON list whose first item is {{\"prefix\": ...}}") from None
    return [(*split_uri(base.rstrip("/") + "/" + relative), relative) for relative in relatives]


def list_source(source: dict) -> list[tuple[str, str, str]]:
    """The objects of an S3DataSource."""
    kind = source["S3DataType"]
    if kind == "S3Prefix":
        return list_prefix(source["S3Uri"])
    if kind == "ManifestFile":
        return list_manifest(source["S3Uri"])
    raise StorageError(f"the stand-in does not read S3DataType {kind}")


def read(uri_or_bucket: str, key: str | None = None) -> bytes:
    bucket, key = split_uri(uri_or_bucket) if key is None else (uri_or_bucket, key)
    try:
        return _s3().get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        raise StorageError(f"{_said(error)} when reading s3://{bucket}/{key}") from None


def etag(uri: str) -> str:
    bucket, key = split_uri(uri)
    try:
        return _s3().head_object(Bucket=bucket, Key=key)["ETag"]
    except ClientError as error:
        raise StorageError(f"{_said(error)} when looking at {uri}") from None


def download(objects: list[tuple[str, str, str]], folder: Path) -> int:
    """Write each object to its relative path below `folder`; the number of bytes."""
    total = 0
    for bucket, key, relative in objects:
        target = (folder / relative).resolve()
        if not target.is_relative_to(folder.resolve()):
            raise StorageError(f"s3://{bucket}/{key} would be written outside its channel")
        target.parent.mkdir(parents=True, exist_ok=True)
        content = read(bucket, key)
        target.write_bytes(content)
        total += len(content)
    return total


def upload(path: Path, uri: str):
    bucket, key = split_uri(uri)
    try:
        with path.open("rb") as body:
            _s3().put_object(Bucket=bucket, Key=key, Body=body)
    except ClientError as error:
        raise StorageError(f"{_said(error)} when writing {uri}") from None


def write(uri: str, body: bytes, region: str | None = None):
    bucket, key = split_uri(uri)
    try:
        _s3(region).put_object(Bucket=bucket, Key=key, Body=body)
    except ClientError as error:
        raise StorageError(f"{_said(error)} when writing {uri}") from None


def pack(folder: Path, archive: Path):
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name)


def unpack(uri: str, folder: Path):
    """A model archive from S3 into a model directory."""
    archive = folder.parent / "model.tar.gz"
    archive.write_bytes(read(uri))
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise StorageError(f"{uri} is not a gzipped tar archive: {error}") from None
    finally:
        archive.unlink(missing_ok=True)


def _said(error: ClientError) -> str:
    """The error's code; with S3's own words where it is a right that lacks."""
    code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    return f"{code} (403): {error.response['Error'].get('Message', '')}" if status == 403 else code


def _relative(key: str, prefix: str) -> str:
    rest = key[len(prefix):]
    if prefix.endswith("/") or rest.startswith("/") or not prefix:
        return rest.lstrip("/")
    return key[prefix.rfind("/") + 1:]
