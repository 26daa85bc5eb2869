"""Tests the module in the nginx on the path: tests MODULE [-v]"""
import os
import pathlib
import sys
import unittest

os.environ["PINQUERY_MODULE"] = sys.argv.pop(1)
sys.argv[1:1] = ["discover", "--start-directory", str(pathlib.Path(__file__).parent)]
unittest.main(module=None)
