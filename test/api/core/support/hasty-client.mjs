// A program that keeps one connection, and asks the next thing as soon as it has its answer. Its standard input says
// what: `{ url, tls, requests: [{ method, path, headers, body, times }] }`; it prints each code and the answer's length.
import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'

const { url, tls, requests } = JSON.parse(await text(process.stdin))
const agent = new Agent({ keepAlive: true, maxSockets: 1, ...tls })

const ask = ({ method, path, headers, body }) =>
  new Promise((resolve, reject) => {
    const length = Buffer.byteLength(body)
    const sent = request(
      `${url}${path}`,
      { method, agent, headers: { ...headers, 'content-length': length } },
      answer => {
        let bytes = 0
        answer.on('data', chunk => (bytes += chunk.length))
        answer.on('end', () => resolve([answer.statusCode, bytes]))
        answer.on('error', reject)
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })

const answers = []
for (const each of requests)
  for (let i = 0; i < each.times; i++) answers.push(await ask(each).catch(error => [error.message, 0]))
console.log(JSON.stringify(answers))
agent.destroy()
