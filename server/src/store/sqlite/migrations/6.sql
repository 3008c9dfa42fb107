-- What users look like in WeChat.

ALTER TABLE users ADD COLUMN wechat_avatar TEXT; -- its address, as their profile tells it
