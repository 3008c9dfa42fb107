// What the type check needs to know beside miniprogram-api-typings.

/** A 2D canvas's context, as `type="2d"` canvases give it. */
type CanvasRenderingContext2D = WechatMiniprogram.CanvasRenderingContext.CanvasRenderingContext2D
