alter table cameras add column sub_url text;
comment on column cameras.sub_url is
    'small stream for live viewing, without user name and password; uses the camera''s login';
