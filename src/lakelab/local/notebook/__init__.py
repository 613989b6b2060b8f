"""Parts of a Databricks notebook that a notebook on a laptop lacks."""
