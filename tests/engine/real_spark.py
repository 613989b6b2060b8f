"""A server of Spark Connect with real Spark and Delta, without spark-submit.

``make test-spark`` installs what it needs into ``.spark-engine``: pyspark by pip, Delta's jars by Maven.
``bin/spark-submit`` would start a second JVM, only to work out the command that stands here.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql.connect.session import SparkSession as ConnectSession

INSTALLED = Path(__file__).parents[2] / ".spark-engine"
JAVA_VERSIONS = (17, 21)
"""Arrow, which Spark Connect sends rows with, fails on Java 25."""
START_SECONDS = 180
MAIN_CLASS = "org.apache.spark.sql.connect.service.SparkConnectServer"
OPENED_PACKAGES = [
    *(
        "java.lang",
        "java.lang.invoke",
        "java.lang.reflect",
        "java.io",
        "java.net",
        "java.nio",
        "java.util",
    ),
    *(
        "java.util.concurrent",
        "java.util.concurrent.atomic",
        "jdk.internal.ref",
        "sun.nio.ch",
        "sun.nio.cs",
    ),
    *("sun.security.action", "sun.util.calendar"),
]
"""Packages of Java that Spark reads by reflection; its own launcher opens the same ones."""
SETTINGS = {
    "spark.master": "local[2]",
    "spark.app.name": "lakelab",
    "spark.ui.enabled": "false",
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.sources.default": "delta",
    "spark.sql.session.timeZone": "UTC",
    "spark.log.structuredLogging.enabled": "false",
    # else each session has a class loader of its own, and compiles each plan again
    "spark.sql.artifact.isolation.enabled": "false",
    # tables of a few rows: to compile a plan takes longer than to run it
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.databricks.delta.writeChecksumFile.enabled": "false",
    # small tables: few tasks, else most of the time is spent on starting them
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.databricks.delta.vacuum.parallelDelete.parallelism": "2",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
}
LOGGING = """
rootLogger.level = error
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %c %m%n%ex
"""


class MissingError(RuntimeError):
    """Java, Spark or the jars of Delta are not there."""


@dataclass
class RealSpark:
    """A server that runs: its process, its port, and its log."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def session(self) -> SparkSession:
        """Return a new session, which shares tables with others, not views and settings."""
        self.check()
        session: SparkSession = ConnectSession.builder.remote(
            f"sc://127.0.0.1:{self.port}"
        ).create()
        return session

    def check(self) -> None:
        """Check that the server runs.

        Raises
        ------
        RuntimeError
            If it has ended.
        """
        if self.process.poll() is not None:
            end = self.log.read_text("utf-8", "replace")[-2000:]
            raise RuntimeError(
                f"Spark ended with code {self.process.returncode}. Its log ends:\n{end}"
            )


@contextmanager
def real_spark() -> Iterator[RealSpark]:
    """Start a server on a free port of this machine, and end it afterwards.

    Raises
    ------
    MissingError
        If Java, Spark or the jars of Delta are not there.
    """
    java, jars = find_java(), find_jars()
    with tempfile.TemporaryDirectory(prefix="real-spark-") as folder:
        work = Path(folder)
        (work / "log4j2.properties").write_text(LOGGING, "utf-8")
        port = _free_port()
        log = work / "server.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                _command(java, jars, work, port), cwd=work, env=_environment(),
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        server = RealSpark(process, port, log)
        try:
            _wait(server)
            yield server
        finally:
            _end(process)


def find_java() -> Path:
    """Return the command ``java`` of a version that Spark runs on: of JAVA_HOME, else of the path.

    Raises
    ------
    MissingError
        If there is none.
    """
    home = os.environ.get("JAVA_HOME")
    candidates = [str(Path(home, "bin", "java"))] if home else []
    found = []
    for command in [*candidates, "java"]:
        if java := shutil.which(command):
            said = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
            match = re.search(r'version "(\d+)', said)
            found.append(f"{java} is version {match[1] if match else 'unknown'}")
            if match and int(match[1]) in JAVA_VERSIONS:
                return Path(java)
    raise MissingError(
        f"Real Spark needs Java {' or '.join(map(str, JAVA_VERSIONS))}; here {'; '.join(found) or 'is none'}. "
        "Set JAVA_HOME to one. On Debian: apt install openjdk-17-jre-headless."
    )


def find_jars() -> list[Path]:
    """Return the jars of Spark and those of Delta.

    Raises
    ------
    MissingError
        If they are not installed.
    """
    jars = []
    for part, folder in {
        "spark-connect_": INSTALLED / "pyspark" / "pyspark" / "jars",
        "delta-spark_": INSTALLED / "delta",
    }.items():
        if not list(folder.glob(f"{part}*.jar")):
            raise MissingError(f"{folder} has no jar {part}*: `make test-spark` installs it.")
        jars += sorted(folder.glob("*.jar"))
    return jars


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _command(java: Path, jars: list[Path], work: Path, port: int) -> list[str]:
    settings = SETTINGS | {
        "spark.connect.grpc.binding.port": str(port),
        "spark.sql.warehouse.dir": (work / "warehouse").as_uri(),
        "spark.local.dir": str(work / "local"),
    }
    return [
        str(java),
        "-Xmx2g", "-Xss4m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true",
        f"-Dlog4j2.configurationFile={work / 'log4j2.properties'}",
        "-Dio.netty.tryReflectionSetAccessible=true",
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED_PACKAGES),
        *(f"-D{key}={value}" for key, value in settings.items()),
        "-cp", os.pathsep.join(map(str, jars)), MAIN_CLASS,
    ]  # fmt: skip


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_CONNECT_MODE": "1",
        "SPARK_HOME": str(INSTALLED / "pyspark" / "pyspark"),
        "PYSPARK_PYTHON": sys.executable,
        "TZ": "UTC",
    }


def _wait(server: RealSpark) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        server.check()
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"Spark does not listen after {START_SECONDS} s.")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":  # `make test-spark` checks Java first, before it downloads Spark
    try:
        find_java()
    except MissingError as error:
        sys.exit(str(error))
