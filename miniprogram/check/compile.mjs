// Compiles every WXML and WXSS with WeChat's own compilers and with glass-easel: node check/compile.mjs [folder]
//
// wcc finds unclosed tags, orphan wx:elif and modern JavaScript in WXS; glass-easel also duplicate attributes
// and imports of nothing; wcsc finds WXSS that it cannot read.

import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, posix, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { TmplGroup } from 'glass-easel-template-compiler'
import { filesOf } from '../preview/build.mjs'

const tools = join(dirname(createRequire(import.meta.url).resolve('miniprogram-compiler')), 'bin/linux')

/** @param {'wcc' | 'wcsc'} tool @param {string[]} args @param {string} folder @returns {string} what it complains of */
function run(tool, args, folder) {
  const program = join(tools, tool)
  chmodSync(program, 0o755)
  const { status, error, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8' })
  if (error) return `${tool}: ${error.message}`
  return status === 0 ? '' : `${tool}: ${(stderr + stdout).trim()}`
}

/** The files that a WXSS imports, directly or not. */
function imports(folder, file) {
  return [...readFileSync(join(folder, file), 'utf8').matchAll(/@import\s+['"](.+?)['"]/g)].flatMap(([, path]) => {
    const target = path.startsWith('/') ? path.slice(1) : posix.join(posix.dirname(file), path)
    return existsSync(join(folder, target)) ? [target, ...imports(folder, target)] : []
  })
}

/** What usingComponents and app.json name has to be there, with all its files. */
function named(folder, files) {
  const wrong = []
  const needs = (owner, path, endings) => {
    for (const ending of endings) {
      if (!files.includes(`${path}${ending}`)) wrong.push(`${owner}: ${path}${ending} is missing`)
    }
  }
  const app = JSON.parse(readFileSync(join(folder, 'app.json'), 'utf8'))
  const further = (app.subPackages ?? []).flatMap(({ root, pages }) => pages.map((page) => `${root}/${page}`))
  for (const page of [...app.pages, ...further]) needs('app.json', page, ['.js', '.json', '.wxml'])
  const global = Object.keys(app.usingComponents ?? {})
  for (const file of files.filter((name) => name.endsWith('.json'))) {
    const { usingComponents = {} } = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    for (const path of Object.values(usingComponents)) needs(file, path.replace(/^\//, ''), ['.js', '.json', '.wxml'])
    const template = file.replace(/json$/, 'wxml')
    if (!files.includes(template)) continue
    // None of the compilers knows an unknown tag.
    const known = [...BUILT_IN, ...global, ...Object.keys(usingComponents)]
    for (const [, tag] of readFileSync(join(folder, template), 'utf8').matchAll(/<([a-z][\w-]*)/g)) {
      if (!known.includes(tag)) wrong.push(`${template}: <${tag}> is neither built in nor in usingComponents`)
    }
  }
  return wrong
}

/** The tags that this mini-program uses of WeChat's own. */
const BUILT_IN = ['block', 'button', 'canvas', 'form', 'image', 'input', 'scroll-view', 'slot', 'template', 'text', 'textarea', 'view', 'wxs']

/** @param {string} folder a mini-program's @returns {string[]} what is wrong with it */
export function check(folder) {
  const files = filesOf(folder)
  const of = (ending) => files.filter((file) => file.endsWith(ending))
  const wrong = []
  const group = new TmplGroup()
  for (const file of of('.wxml')) {
    wrong.push(run('wcc', ['-d', '-o', '/dev/null', file, ...of('.wxs')], folder))
    for (const warning of group.addTmpl(file.slice(0, -'.wxml'.length), readFileSync(join(folder, file), 'utf8'))) {
      wrong.push(`glass-easel: ${file}:${warning.startLine + 1}:${warning.startColumn + 1} ${warning.message}`)
    }
    for (const path of group.getDirectDependencies(file.slice(0, -'.wxml'.length))) {
      if (!files.includes(`${path}.wxml`)) wrong.push(`glass-easel: ${file} imports ${path}.wxml, which is missing`)
    }
  }
  for (const file of of('.wxss')) {
    wrong.push(run('wcsc', ['-lc', '-js', '-o', '/dev/null', file, ...imports(folder, file)], folder))
  }
  return [...wrong.filter(Boolean), ...named(folder, files)]
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const wrong = check(resolve(process.argv[2] ?? resolve(fileURLToPath(import.meta.url), '../..')))
  if (wrong.length) {
    console.error(wrong.join('\n'))
    process.exit(1)
  }
}
