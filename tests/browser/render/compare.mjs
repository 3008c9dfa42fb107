#!/usr/bin/env node
/**
 * Compares the server's pictures with the phone's canvas: draws each drawing with the mini-program's code on
 * Chromium's canvas and compares it, pixel by pixel, with the server's PNG and SVG.
 *
 *   node tests/browser/render/compare.mjs [--sizes 256,1080] [--keep DIRECTORY] [--verbose] [drawings.json]
 *
 * `drawings.json` holds `{"drawings": [{"name", "width", "height", "actions"}, …]}`, by default
 * tests/fixtures/drawings.json. `--keep` keeps the pictures and maps of their differences in a directory.
 * Exits with 1 when a limit is exceeded. Needs Chromium (or `CHROMIUM=path`) and cargo.
 */
import { execFile, execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'

import { withPage } from './chromium.mjs'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..')
const run = promisify(execFile)

/** The percentage of a picture's pixels that may differ by more than 16 or 64 of 255. */
const LIMITS = { median16: 0.4, worst16: 1.0, worst64: 0.01 }

const { values: options, positionals } = parseArgs({
  options: {
    sizes: { type: 'string', default: '256,1080' },
    keep: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const file = positionals[0] ?? join(ROOT, 'tests/fixtures/drawings.json')
const { drawings } = JSON.parse(await readFile(file, 'utf8'))
const sizes = options.sizes.split(',').map(Number)

const directory = options.keep ?? (await mkdtemp(join(tmpdir(), 'yibi-render-')))
await mkdir(directory, { recursive: true })
let passed = true
try {
  await rendered()
  await withPage(async (evaluate) => {
    const page = await readFile(join(ROOT, 'tests/browser/render/page.js'), 'utf8')
    await evaluate(`var geometry = ${await bundled('geometry')}; 0`)
    await evaluate(`${page}; 0`)
    for (const size of sizes) {
      for (const [ending, type] of Object.entries({ png: 'image/png', svg: 'image/svg+xml' })) {
        passed = (await compared(evaluate, size, ending, type)) && passed
      }
    }
  })
} finally {
  if (!options.keep) {
    await rm(directory, { recursive: true })
  }
}
process.exitCode = passed ? 0 : 1

/** An expression with the exports of a module of the mini-program's `lib` and its dependencies. */
async function bundled(name) {
  const path = join(ROOT, 'miniprogram/lib', `${name}.js`)
  const source = await readFile(path, 'utf8')
  const needed = [...source.matchAll(/require\('([^']+)'\)/g)].map(([, other]) => other)
  const modules = []
  for (const other of new Set(needed)) {
    const inner = relative(join(ROOT, 'miniprogram/lib'), resolve(dirname(path), other))
    modules.push(`${JSON.stringify(other)}: ${await bundled(inner)}`)
  }
  return `((require, module) => { ${source}\n; return module.exports })((name) => ({ ${modules.join(', ')} })[name], {})`
}

/** @param {number} index @param {number} size @param {string} ending */
function path(index, size, ending) {
  return join(directory, `${index}-${size}.${ending}`)
}

/** Renders all drawings in all sizes with the server's code. */
async function rendered() {
  const binary = built()
  for (const [index, drawing] of drawings.entries()) {
    await writeFile(join(directory, `${index}.json`), JSON.stringify(drawing))
  }
  const sets = sizes.map((size) => {
    const pair = (index, ending) => [join(directory, `${index}.json`), path(index, size, ending)]
    return ['--size', `${size}`, ...drawings.flatMap((_, index) => [...pair(index, 'png'), ...pair(index, 'svg')])]
  })
  await Promise.all(sets.map((set) => run(binary, set)))
}

/** Builds the renderer; returns its path. */
function built() {
  const cargo = ['build', '--quiet', '--workspace', '--example', 'render']
  const messages = execFileSync('cargo', [...cargo, '--message-format', 'json'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  const artifacts = messages.trim().split('\n').map((line) => JSON.parse(line))
  return artifacts.find((artifact) => artifact.executable).executable
}

/**
 * Compares all pictures of a kind and prints a line about them.
 *
 * @param {(expression: string) => Promise<any>} evaluate
 * @param {number} size
 * @param {string} ending
 * @param {string} type
 */
async function compared(evaluate, size, ending, type) {
  const results = []
  for (const [index, drawing] of drawings.entries()) {
    const bytes = await readFile(path(index, size, ending))
    const url = `data:${type};base64,${bytes.toString('base64')}`
    const call = `compare(${JSON.stringify(drawing)}, ${JSON.stringify(url)}, ${Boolean(options.keep)})`
    const { over16, over64, map, canvas } = await evaluate(call)
    results.push({ name: drawing.name, over16, over64, bytes: bytes.length })
    if (options.keep) {
      await saved(map, path(index, size, `${ending}.diff.png`))
      await saved(canvas, path(index, size, 'canvas.png'))
    }
  }
  const sorted = (/** @type {'over16' | 'over64' | 'bytes'} */ key) =>
    results.map((result) => result[key]).sort((a, b) => a - b)
  const [over16, over64, bytes] = [sorted('over16'), sorted('over64'), sorted('bytes')]
  const middle = Math.floor(results.length / 2)
  const is = { median16: over16[middle], worst16: over16.at(-1), worst64: over64.at(-1) }
  const ok = Object.entries(LIMITS).every(([name, limit]) => is[name] <= limit)
  console.log(
    `${ending} ${`${size}`.padStart(4)} px, ${results.length} drawings: pixels over 16/255 ` +
      `median ${is.median16.toFixed(3)} % worst ${is.worst16.toFixed(3)} %, over 64/255 ` +
      `worst ${is.worst64.toFixed(4)} %; file median ${bytes[middle]} B: ${ok ? 'ok' : 'TOO DIFFERENT'}`
  )
  for (const result of results.sort((a, b) => b.over16 - a.over16)) {
    const bad = result.over16 > LIMITS.worst16 || result.over64 > LIMITS.worst64
    if (options.verbose || bad) {
      console.log(`  ${result.over16.toFixed(3)} %  ${result.over64.toFixed(4)} %  ${result.bytes} B  ${result.name}`)
    }
  }
  return ok
}

/** @param {string} url @param {string} to */
async function saved(url, to) {
  await writeFile(to, Buffer.from(url.slice(url.indexOf(',') + 1), 'base64'))
}
