import type { Metadata } from 'next';
import { Post } from './post';

export const metadata: Metadata = { title: 'Post' };
export default function Page() {
  return <Post />;
}
