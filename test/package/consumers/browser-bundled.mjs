import { transformImageData } from 'neighbor-product/browser';

// No `await`: a classic script has none at its top.
globalThis.productOf = (base64, width, height) => {
  const samples = Uint8ClampedArray.from(atob(base64), (letter) => letter.charCodeAt(0));
  return transformImageData(new ImageData(samples, width, height)).then(({ data }) => {
    let text = '';
    for (let at = 0; at < data.length; at += 2 ** 15) text += String.fromCharCode(...data.subarray(at, at + 2 ** 15));
    return btoa(text);
  });
};
