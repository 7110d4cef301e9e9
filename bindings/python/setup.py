"""Puts libpgrant into the wheel if PGRANT_WHEEL_LIBRARY names its file; the rest is in pyproject.toml.

Such a wheel is for one platform, but for every Python 3: nothing in it is compiled against Python.
"""

import os
import shutil
import subprocess

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py
from wheel.bdist_wheel import bdist_wheel

LIBRARY = os.environ.get("PGRANT_WHEEL_LIBRARY")


class BuildWithLibrary(build_py):
    def run(self):
        super().run()
        if LIBRARY:
            target = os.path.join(self.build_lib, "pgrant", os.path.basename(LIBRARY))
            shutil.copyfile(LIBRARY, target)
            if shutil.which("strip"):
                subprocess.run(["strip", "--strip-unneeded", target], check=True)


class PlatformDistribution(Distribution):
    def has_ext_modules(self):
        return bool(LIBRARY)


class PlatformWheel(bdist_wheel):
    def get_tag(self):
        _, _, platform = super().get_tag()
        return "py3", "none", platform


setup(distclass=PlatformDistribution, cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel})
