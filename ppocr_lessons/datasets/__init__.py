"""Labels, pictures and the pipeline of transforms that turns them into batches."""
