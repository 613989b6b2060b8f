# Databricks notebook source
# The task `train` of the job `promote`. It is a notebook because only a notebook can set task values
# (https://docs.databricks.com/aws/en/jobs/task-values). The wheel contains the code, and its tests cover it.

# COMMAND ----------

from lakelab.lessons.lesson_16 import pipeline

pipeline.train_task(spark, dbutils)  # noqa: F821
