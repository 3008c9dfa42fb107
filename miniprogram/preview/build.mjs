// Builds the mini-program as a static page: node preview/build.mjs [out dir]
//
// The sources are taken as they are. WXML is compiled by glass-easel, WeChat's own component framework; WXSS
// becomes CSS; each .js becomes a CommonJS module that sees no browser.

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import esbuild from 'esbuild'
import { TmplGroup } from 'glass-easel-template-compiler'
import postcss from 'postcss'

const here = dirname(fileURLToPath(import.meta.url))
/** Folders of the mini-program that are no part of the app. */
const TOOLS = ['node_modules', 'preview', 'test', 'check']
/** What the logic layer of a mini-program does not have. */
const NO_BROWSER = ['window', 'document', 'localStorage', 'sessionStorage', 'fetch', 'XMLHttpRequest', 'navigator', 'location', 'history', 'self', 'Image', 'alert']
/** What it has beside wx. */
const LOGIC = ['require', 'module', 'exports', 'wx', 'App', 'Page', 'Component', 'Behavior', 'getApp', 'getCurrentPages']

/** The app's files below a folder, as paths with slashes. */
export function filesOf(root, folder = '') {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name)
    if (entry.isDirectory()) return entry.name.startsWith('.') || (folder === '' && TOOLS.includes(entry.name)) ? [] : filesOf(root, path)
    return [path]
  })
}

/** The class prefix of a component's own styles. */
const scopeOf = (component) => component.replace(/\W/g, '_')

class Build {
  constructor(root) {
    this.root = root
    this.files = filesOf(root)
    this.errors = []
    this.json = {}
    for (const file of this.of('.json')) {
      if (file === 'package.json' || file.includes('tsconfig') || file.includes('package-lock')) continue
      try {
        this.json[file.slice(0, -'.json'.length)] = JSON.parse(this.read(file))
      } catch (error) {
        this.errors.push(`${file}: ${error.message}`)
      }
    }
  }

  read(file) {
    return readFileSync(join(this.root, file), 'utf8')
  }

  of(ending) {
    return this.files.filter((file) => file.endsWith(ending))
  }

  isComponent(path) {
    return Boolean(this.json[path]?.component)
  }

  pages() {
    const { app } = this.json
    // The preview loads all packages at once.
    const pages = [...app.pages, ...(app.subPackages ?? []).flatMap(({ root, pages: own }) => own.map((page) => `${root}/${page}`))]
    app.pages = pages
    for (const page of pages) {
      for (const ending of ['js', 'wxml', 'json']) {
        if (!existsSync(join(this.root, `${page}.${ending}`))) this.errors.push(`app.json: page ${page} has no .${ending}`)
      }
    }
    return pages
  }

  templates() {
    const group = new TmplGroup()
    for (const file of this.of('.wxml')) {
      for (const warning of group.addTmpl(file.slice(0, -'.wxml'.length), this.read(file))) {
        this.errors.push(`${file}:${warning.startLine + 1}:${warning.startColumn + 1} ${warning.message}`)
      }
    }
    for (const file of this.of('.wxs')) group.addScript(file.slice(0, -'.wxs'.length), this.read(file))
    return group.getTmplGenObjectGroups()
  }

  /** A WXSS with its imports in their places. */
  inlined(file) {
    const root = postcss.parse(this.read(file), { from: file })
    root.walkAtRules('import', (rule) => {
      const path = rule.params.replace(/['"]/g, '')
      const target = path.startsWith('/') ? path.slice(1) : posix.join(posix.dirname(file), path)
      if (existsSync(join(this.root, target))) rule.replaceWith(this.inlined(target))
      else this.errors.push(`${file}: @import ${target} not found`)
    })
    return root
  }

  /** WXSS to CSS: imports inlined, rpx and vh by the phone's size, rules bound to their page or component. */
  style(file) {
    const root = this.inlined(file)
    root.walkDecls((declaration) => {
      declaration.value = declaration.value
        .replace(/(-?[\d.]+)rpx\b/g, 'calc($1 * var(--rpx))')
        .replace(/(-?[\d.]+)vh\b/g, 'calc($1 * var(--vh))')
        .replace(/env\(safe-area-inset-bottom\)/g, 'var(--safe-bottom)')
    })
    const path = file.slice(0, -'.wxss'.length)
    root.walkRules((rule) => {
      if (rule.parent.type === 'atrule' && /keyframes$/.test(rule.parent.name)) return
      if (this.isComponent(path)) {
        const host = `.mp-page ${posix.basename(path)}`
        rule.selectors = rule.selectors.map((selector) => selector
          .replace(/\.(-?[A-Za-z_])/g, `.${scopeOf(path)}--$1`)
          .replace(/:host/g, host))
      } else if (path !== 'app') {
        rule.selectors = rule.selectors.map((selector) => `.mp-page[data-path="${path}"] ${selector}`)
      }
    })
    return root.toString()
  }

  styles() {
    const css = {}
    for (const file of this.of('.wxss')) {
      try {
        css[file.slice(0, -'.wxss'.length)] = this.style(file)
      } catch (error) {
        this.errors.push(`${file}: ${error.message}`)
      }
    }
    return css
  }

  modules() {
    return this.of('.js').map((file) => {
      const source = this.read(file)
      try {
        esbuild.transformSync(source, { sourcefile: file })
      } catch (error) {
        this.errors.push(error.message)
      }
      return `${JSON.stringify(file)}: function (${[...LOGIC, ...NO_BROWSER].join(', ')}) {\n${source}\n//# sourceURL=mini-program/${file}\n}`
    })
  }
}

/**
 * @param {string} root the mini-program's folder
 * @param {string} out where the page goes
 * @returns {string[]} what is wrong with the sources; then nothing is written
 */
export function build(root, out) {
  const it = new Build(root)
  if (!it.json.app) return it.errors.length ? it.errors : ['app.json is missing']
  it.pages()
  const templates = it.templates()
  const css = it.styles()
  const modules = it.modules()
  if (it.errors.length) return it.errors
  const scopes = Object.fromEntries(Object.keys(it.json).filter((path) => it.isComponent(path)).map((path) => [path, scopeOf(path)]))
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  writeFileSync(join(out, 'app.js'), [
    'window.miniProgram = {',
    `json: ${JSON.stringify(it.json)},`,
    `css: ${JSON.stringify(css)},`,
    `scopes: ${JSON.stringify(scopes)},`,
    `templates: ${templates},`,
    `modules: {\n${modules.join(',\n')}\n}`,
    '}',
  ].join('\n'))
  esbuild.buildSync({
    entryPoints: [join(here, 'src/main.js')],
    outfile: join(out, 'host.js'),
    bundle: true,
    format: 'iife',
    target: 'es2022',
    minify: true,
    loader: { '.css': 'text' },
    logLevel: 'warning',
  })
  copyFileSync(join(here, 'src/index.html'), join(out, 'index.html'))
  for (const file of it.files.filter((name) => /\.(png|jpe?g|gif|svg|webp|mp3|ttf|woff2?)$/.test(name))) {
    const target = join(out, 'mp', file)
    mkdirSync(dirname(target), { recursive: true })
    copyFileSync(join(root, file), target)
  }
  return []
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const out = resolve(process.argv[2] ?? join(here, 'dist'))
  const errors = build(resolve(here, '..'), out)
  if (errors.length) {
    console.error(errors.join('\n'))
    process.exit(1)
  }
  console.log(`the preview stands in ${out}`)
}
