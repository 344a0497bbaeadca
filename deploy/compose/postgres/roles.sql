-- Run once by the postgres image, when the data folder is made: one role and one database each for
-- floodline and MLflow, so that neither can read the other's.
\getenv floodline_password FLOODLINE_DB_PASSWORD
\getenv mlflow_password MLFLOW_DB_PASSWORD
CREATE ROLE floodline LOGIN PASSWORD :'floodline_password';
CREATE ROLE mlflow LOGIN PASSWORD :'mlflow_password';
CREATE DATABASE floodline OWNER floodline;
CREATE DATABASE mlflow OWNER mlflow;
REVOKE CONNECT ON DATABASE floodline, mlflow, postgres FROM PUBLIC;
