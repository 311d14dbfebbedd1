-- Keys that were made before there were permissions might do everything.
update api_keys
set permissions = '{cameras:read,live:watch,footage:read,cameras:operate,cameras:write,system:read,users:write}'
where permissions = '{}';
