"""Models, and the model registry: package groups and versioned packages with their approval."""
import re

from .. import aws, container, events, storage
from . import acting, state
from .errors import Refused, invalid


class Registry:
    def __init__(self, images: container.Images, tags: state.Tags):
        self._images, self._tags = images, tags
        self.models = state.Table(
            "model", lambda arn: invalid(f'Could not find model "{arn}".'),
            lambda arn: invalid(f'Cannot create already existing model "{arn}".'))
        self.groups = state.Table(
            "model-package-group", lambda arn: invalid(f"ModelPackageGroup {arn} does not exist."),
            lambda arn: invalid(f"Model Package Group already exists: {arn}"))
        self.packages = state.Table(
            "model-package", lambda arn: invalid(f"ModelPackage {arn} does not exist."),
            lambda arn: Refused("ConflictException", f"Model package already exists: {arn}"))

    # Models

    def create_model(self, p):
        name = p["ModelName"]
        containers = ([p["PrimaryContainer"]] if "PrimaryContainer" in p else p.get("Containers", []))
        if len(containers) != 1:
            raise invalid("the stand-in serves models of exactly one container (PrimaryContainer)")
        resolved = self._resolve(containers[0])
        try:
            self._images.program(resolved["Image"], "serve")
        except container.ImageMissing as error:
            raise invalid(f"Requested image {resolved['Image']} not found. {error}") from None
        if "ExecutionRoleArn" not in p:
            raise invalid("ExecutionRoleArn is required.")
        resolved |= {"Role": p["ExecutionRoleArn"], "Isolated": p.get("EnableNetworkIsolation", False), "Network": p.get("VpcConfig")}
        with acting.role(resolved["Role"]):
            self._refuse_hidden_archive(resolved["ModelDataUrl"], resolved["Role"])
        arn = state.arn("model", name)
        self.models.add(name, p | {"ModelArn": arn, "_container": resolved})
        self._tags.add(arn, p.get("Tags", []))
        return {"ModelArn": arn}

    def describe_model(self, p):
        record = self.models.view(p["ModelName"])
        record.pop("Tags", None)
        record.pop("LastModifiedTime")
        return record

    def delete_model(self, p):
        self.models.remove(p["ModelName"])
        return {}

    def list_models(self, p):
        found = [{k: m[k] for k in ("ModelName", "ModelArn", "CreationTime")} for m in self.models.all()
                 if p.get("NameContains", "") in m["ModelName"]]
        return state.page(found, p, "Models", {"Name": "ModelName"})

    def _resolve(self, definition: dict) -> dict:
        """Image, archive and environment of a container, also when it is given by a model package."""
        package = {}
        if "ModelPackageName" in definition:
            record = self.packages.get(self._package_arn(definition["ModelPackageName"]))
            package = record["InferenceSpecification"]["Containers"][0]
        image = definition.get("Image") or package.get("Image")
        if not image:
            raise invalid("Either Image or ModelPackageName is required in PrimaryContainer.")
        source = definition.get("ModelDataSource", {}).get("S3DataSource")
        if source and (source["S3DataType"], source["CompressionType"]) != ("S3Object", "Gzip"):
            raise invalid("the stand-in reads a ModelDataSource only as one gzipped S3Object")
        archive = definition.get("ModelDataUrl") or (source or {}).get("S3Uri") or package.get("ModelDataUrl")
        environment = package.get("Environment", {}) | definition.get("Environment", {})
        return {"Image": image, "ModelDataUrl": archive, "Environment": environment}

    @staticmethod
    def _refuse_hidden_archive(archive: str | None, role: str):
        if archive and (storage.region_of(archive) not in (None, aws.region()) or acting.refused_read(archive)):
            raise invalid(f"Could not access model data at {archive}. Please ensure that the role \"{role}\" exists and that "
                          "its trust relationship policy allows the action \"sts:AssumeRole\" for the service principal "
                          "\"sagemaker.amazonaws.com\". Also ensure that the role has \"s3:GetObject\" permissions and that "
                          f"the object is located in {aws.region()}.")

    # Model packages

    def create_group(self, p):
        name = p["ModelPackageGroupName"]
        arn = state.arn("model-package-group", name)
        self.groups.add(name, p | {"ModelPackageGroupArn": arn, "ModelPackageGroupStatus": "Completed"})
        self._tags.add(arn, p.get("Tags", []))
        return {"ModelPackageGroupArn": arn}

    def describe_group(self, p):
        record = self.groups.view(p["ModelPackageGroupName"].rsplit("/", 1)[-1])
        return {k: v for k, v in record.items() if k not in ("Tags", "LastModifiedTime")} | {"CreatedBy": {}}

    def delete_group(self, p):
        if any(k["ModelPackageGroupName"] == p["ModelPackageGroupName"] for k in self.packages.all()):
            raise Refused("ConflictException", "Model Package Group contains model packages and cannot be deleted.")
        self.groups.remove(p["ModelPackageGroupName"])
        return {}

    def list_groups(self, p):
        found = [{k: g[k] for k in ("ModelPackageGroupName", "ModelPackageGroupArn", "CreationTime",
                                    "ModelPackageGroupStatus")} for g in self.groups.all()
                 if p.get("NameContains", "") in g["ModelPackageGroupName"]]
        return state.page(found, p, "ModelPackageGroupSummaryList", {"Name": "ModelPackageGroupName"})

    def create_package(self, p):
        if "ModelPackageGroupName" not in p:
            raise invalid("the stand-in keeps versioned packages only: ModelPackageGroupName is missing")
        if "InferenceSpecification" not in p:
            raise invalid("InferenceSpecification is required when a versioned model package is created.")
        group = p["ModelPackageGroupName"].rsplit("/", 1)[-1]
        with state.changed:
            counter = self.groups.get(group)
            made = counter.setdefault("_made", {})
            if p.get("ClientToken") in made:
                return {"ModelPackageArn": made[p["ClientToken"]]}
            version = counter["_version"] = counter.get("_version", 0) + 1
            arn = state.arn("model-package", f"{group}/{version}")
            self.packages.add(arn, p | {
                "ModelPackageGroupName": group, "ModelPackageArn": arn, "ModelPackageVersion": version,
                "ModelPackageStatus": "Completed",
                "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
                "ModelApprovalStatus": p.get("ModelApprovalStatus", "PendingManualApproval")})
            if "ClientToken" in p:
                made[p["ClientToken"]] = arn
        self._tags.add(arn, p.get("Tags", []))
        self._announce(arn)
        return {"ModelPackageArn": arn}

    def describe_package(self, p):
        record = self.packages.view(self._package_arn(p["ModelPackageName"]))
        return {k: v for k, v in record.items() if k not in ("Tags", "ClientToken")}

    def update_package(self, p):
        arn = self._package_arn(p["ModelPackageArn"])
        fields = {k: v for k, v in p.items() if k not in ("ModelPackageArn", "CustomerMetadataPropertiesToRemove")}
        with state.changed:
            record = self.packages.get(arn)
            custom = (record.get("CustomerMetadataProperties") or {}) | fields.pop("CustomerMetadataProperties", {})
            for name in p.get("CustomerMetadataPropertiesToRemove", []):
                custom.pop(name, None)
            self.packages.update(arn, **fields, CustomerMetadataProperties=custom or None)
        self._announce(arn)
        return {"ModelPackageArn": arn}

    def delete_package(self, p):
        self.packages.remove(self._package_arn(p["ModelPackageName"]))
        return {}

    def list_packages(self, p):
        group = p.get("ModelPackageGroupName", "").rsplit("/", 1)[-1]
        if group:
            self.groups.get(group)
        fields = ("ModelPackageGroupName", "ModelPackageVersion", "ModelPackageArn", "ModelPackageDescription",
                  "CreationTime", "ModelPackageStatus", "ModelApprovalStatus")
        found = [{k: package[k] for k in fields if k in package} for package in self.packages.all()
                 if group in ("", package["ModelPackageGroupName"])
                 and p.get("ModelApprovalStatus") in (None, package["ModelApprovalStatus"])]
        return state.page(found, p, "ModelPackageSummaryList", {"Name": "ModelPackageArn"})

    @staticmethod
    def _package_arn(name_or_arn: str) -> str:
        if re.fullmatch(r"[^:/]+/\d+", name_or_arn):
            return state.arn("model-package", name_or_arn)
        return name_or_arn

    def _announce(self, arn: str):
        record = self.packages.view(arn)
        detail = {k: v for k, v in record.items() if k not in ("Tags", "ClientToken")}
        for field in ("CreationTime", "LastModifiedTime"):
            detail[field] = int(detail[field] * 1000)
        events.send("aws.sagemaker", "SageMaker Model Package State Change", [arn],
                    detail | {"Tags": self._tags.map(arn)})
