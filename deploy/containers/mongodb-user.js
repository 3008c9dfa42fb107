// The databases' user for the servers, made on the first start.
db.getSiblingDB('yibi').createUser({
  user: 'yibi',
  pwd: require('fs').readFileSync('/run/secrets/mongodb_password', 'utf8').trim(),
  roles: [{ role: 'readWrite', db: 'yibi' }]
})
