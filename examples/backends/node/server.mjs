// A backend behind yibi's sessions: nginx lets signed-in users through and says who they are
// (deploy/nginx/auth-request.conf). It listens on loopback, so nobody else can say so.
import http from 'node:http'

const PORT = Number(process.env.PORT ?? 3000)

const scores = new Map() // by user

const server = http.createServer(async (request, reply) => {
  for await (const _ of request); // taken to its end, or nginx finds the connection closed while it sends
  const user = request.headers['x-user-id']
  const send = (status, body) => {
    reply.writeHead(status, { 'content-type': 'application/json' })
    reply.end(JSON.stringify(body))
  }
  if (!user) return send(500, { error: 'not behind auth_request' })
  if (request.method === 'POST') scores.set(user, (scores.get(user) ?? 0) + 1)
  const dialect = request.headers['x-session-dialect']
  send(200, { user, openid: request.headers['x-user-openid'], dialect, score: scores.get(user) ?? 0 })
})

server.listen(PORT, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`))
